// What `direct` stands for: the repository of a module, whatever keeps it.
import { OtherSystem } from "./repository/other-system.ts";
import type { Upstream } from "./upstream.ts";

export interface DirectParts {
  /** Rejects with `OtherSystem` where another version control system is needed. */
  readonly git: Upstream;
  /** For these; without it the answer of `git` stands. */
  readonly otherVcs?: Upstream | undefined;
}

/** Asks git's upstream first: it finds out where a module is kept. */
export function directUpstream({ git, otherVcs }: DirectParts): Upstream {
  if (otherVcs === undefined) return git;
  const ask = async <T>(call: (upstream: Upstream) => Promise<T>): Promise<T> => {
    try {
      return await call(git);
    } catch (failure) {
      if (!(failure instanceof OtherSystem)) throw failure;
      return await call(otherVcs);
    }
  };
  return {
    name: "direct",
    list: (path, signal) => ask((upstream) => upstream.list(path, signal)),
    resolve: (path, query, signal) => ask((upstream) => upstream.resolve(path, query, signal)),
    info: (module, signal) => ask((upstream) => upstream.info(module, signal)),
    mod: (module, signal) => ask((upstream) => upstream.mod(module, signal)),
    zip: (module, signal) => ask((upstream) => upstream.zip(module, signal)),
  };
}
