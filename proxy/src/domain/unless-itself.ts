// An upstream that may turn out to be this very program.

import { leadsToSelf, type OwnAddress } from "./own-address.ts";
import { loopingUpstream } from "./refusing-upstream.ts";
import type { Upstream } from "./upstream.ts";

/**
 * The upstream at `url`, unless the URL is this program's own: then every call fails with `loop` and a sentence. `own` is
 * read at every call, for the port is known only when the server listens.
 */
export function unlessItself(upstream: Upstream, url: string, own: OwnAddress): Upstream {
  const looping = loopingUpstream(URL.parse(url)?.host ?? upstream.name);
  const chosen = (): Upstream => (leadsToSelf(url, own) ? looping : upstream);
  return {
    name: upstream.name,
    list: (path, signal) => chosen().list(path, signal),
    resolve: (path, query, signal) => chosen().resolve(path, query, signal),
    info: (module, signal) => chosen().info(module, signal),
    mod: (module, signal) => chosen().mod(module, signal),
    zip: (module, signal) => chosen().zip(module, signal),
  };
}
