// Some modules come from one upstream, all others from another: GONOPROXY and GOPRIVATE.
import { type ModulePath, matchesModulePatterns } from "@stoa/gomod";
import type { Upstream } from "./upstream.ts";

/** Which upstream a module comes from. */
export interface ModuleRoutes {
  /** Patterns as in GONOPROXY (go.dev/ref/mod#environment-variables): path globs separated by commas. */
  readonly patterns: string;
  /** For the modules that match a pattern. */
  readonly matching: Upstream;
  readonly others: Upstream;
}

/** Asks the upstream that a module's path leads to, and no other. */
export function routedUpstream({ patterns, matching, others }: ModuleRoutes): Upstream {
  const of = (path: ModulePath): Upstream =>
    matchesModulePatterns(patterns, path) ? matching : others;
  return {
    name: others.name,
    list: (path, signal) => of(path).list(path, signal),
    resolve: (path, query, signal) => of(path).resolve(path, query, signal),
    info: (module, signal) => of(module.path).info(module, signal),
    mod: (module, signal) => of(module.path).mod(module, signal),
    zip: (module, signal) => of(module.path).zip(module, signal),
  };
}
