// Seeding, put together: what a build will ask for is fetched as its requests would be.
import type { AppliedPolicy } from "./application/apply-policy.ts";
import type { LooseFileFetch } from "./application/fetch-loose-file.ts";
import { VersionSeeding } from "./application/seed-versions.ts";
import type { Stash } from "./application/stash-version.ts";
import type { ModuleStore } from "./domain/module-store.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";
import { readStored } from "./domain/stored-delivery.ts";

interface SeedingParts {
  readonly store: ModuleStore;
  readonly loose: LooseFileFetch;
  readonly stash: Stash;
  readonly policy: AppliedPolicy;
  /** How many requests an upstream is sent at once. */
  readonly connections: number;
}

export function openSeeding({ store, loose, stash, policy, connections }: SeedingParts) {
  return new VersionSeeding({
    allow: async ({ path, version }, signal) => {
      const { decision } = await policy.decide({ endpoint: "zip", path, version }, signal);
      if (decision.onMiss.action !== "fetch" && decision.onMiss.action !== "queue") {
        throw new ProxyFailure("refused", "the policy lets nobody fetch it through this proxy");
      }
    },
    isKept: async (module) => {
      await using info = await store.open(module, "info");
      return info !== undefined;
    },
    keep: (module, signal) => stash.keep(module, signal),
    mod: async (module, signal) => {
      const whole = await store.open(module, "mod");
      if (whole === undefined) return loose.fetch(module, "mod", signal);
      await using file = whole;
      return { bytes: await readStored(file), from: undefined };
    },
    info: (module, signal) => loose.fetch(module, "info", signal),
    atOnce: Math.max(4, Math.min(32, connections)),
  });
}
