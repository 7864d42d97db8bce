// An upstream whose answers are compared with what is kept.
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { Upstream } from "../domain/upstream.ts";
import type { UpstreamWatch } from "./watch-upstream.ts";

/** The same answers; `watch` hears of them. Nobody waits for it. */
export function watchedUpstream(
  upstream: Upstream,
  watch: Pick<UpstreamWatch, "told" | "listed" | "unknown">,
): Upstream {
  return {
    name: upstream.name,
    async list(path, signal) {
      try {
        const versions = await upstream.list(path, signal);
        watch.listed(path, versions);
        return versions;
      } catch (failure) {
        const isAbsence = failure instanceof ProxyFailure && failure.code === "not_found";
        if (isAbsence) watch.unknown(path, failure.message);
        throw failure;
      }
    },
    async resolve(path, query, signal) {
      const document = await upstream.resolve(path, query, signal);
      watch.told(path, document.info);
      return document;
    },
    async info(module, signal) {
      const document = await upstream.info(module, signal);
      watch.told(module.path, document.info);
      return document;
    },
    mod: (module, signal) => upstream.mod(module, signal),
    zip: (module, signal) => upstream.zip(module, signal),
  };
}
