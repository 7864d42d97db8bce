// Upstreams that give nothing, each with a sentence that says why.
import { type FailureSubject, ProxyFailure, type ProxyFailureCode } from "./proxy-failure.ts";
import type { Upstream } from "./upstream.ts";

/** Answers every call with one failure. */
export function refusingUpstream(name: string, code: ProxyFailureCode, sentence: string): Upstream {
  const refuse = (subject: FailureSubject): Promise<never> =>
    Promise.reject(new ProxyFailure(code, sentence, { subject }));
  return {
    name,
    list: (path) => refuse({ path }),
    resolve: (path, query) => refuse({ path, version: query }),
    info: refuse,
    mod: refuse,
    zip: refuse,
  };
}

/** What the entry `off` of a GOPROXY list stands for. */
export function offUpstream(): Upstream {
  return refusingUpstream("off", "refused", "GOPROXY=off forbids to fetch what is not kept here");
}

/** What an entry stands for that names this program itself. `host` is the entry's, without credentials. */
export function loopingUpstream(host: string): Upstream {
  return refusingUpstream(
    host,
    "loop",
    `the GOPROXY list of this proxy leads back to itself: take the entry ${host} out`,
  );
}
