// Taking versions out of a bucket for good.
import type { LabellingBlobStore } from "@stoa/blobs";
import { isVersion, type ModulePath, type ModuleVersion, unescapeVersion } from "@stoa/gomod";
import type { StoreRemoval, VersionTraces } from "../../domain/store-removal.ts";
import type { ObjectLayout } from "./object-layout.ts";
import { ownFolder, ownKey } from "./own-keys.ts";
import { atStore } from "./store-trouble.ts";
import type { VersionClaims } from "./version-claims.ts";
import type { WholeObjects } from "./whole-objects.ts";

/** The info first: without it a version is not whole. */
export const away = ["info", "zip", "mod"] as const;

/** The objects beside a version, by the end of their keys. */
export const besides = { info: "loose info", mod: "loose mod" } as const;

export interface ObjectStoreRemovalParts {
  readonly store: LabellingBlobStore;
  readonly layout: ObjectLayout;
  readonly whole: WholeObjects;
  readonly claims: VersionClaims;
}

type Growing = { -readonly [Part in keyof VersionTraces]: VersionTraces[Part] };

/** What is removed while others write it is removed before or after, for each holds the claim of the version. */
export class ObjectStoreRemoval implements StoreRemoval {
  readonly #parts: ObjectStoreRemovalParts;

  constructor(parts: ObjectStoreRemovalParts) {
    this.#parts = parts;
  }

  traces(path: ModulePath): Promise<readonly VersionTraces[]> {
    const { store, layout } = this.#parts;
    return atStore(async () => {
      const found = new Map<string, Growing>();
      const files = new Map<string, number>();
      for await (const { key, size } of store.list(layout.modulePrefix(path))) {
        const file = layout.parse(key);
        if (file?.module.path !== path) continue;
        const { version } = file.module;
        const traces = tracesOf(found, file.module);
        const isWhole = size > 0 || file.kind === "mod";
        files.set(version, (files.get(version) ?? 0) + (isWhole ? 1 : 0));
        traces.bytes += size;
        traces.state = files.get(version) === away.length ? "whole" : "torn";
      }
      for await (const { key } of store.list(ownFolder("loose", path))) {
        const [, name = "", kind = ""] = /([^/]+)@(info|mod)$/.exec(key) ?? [];
        const version = name === "" ? "" : unescapeVersion(name);
        if (!isVersion(version)) continue;
        const traces = tracesOf(found, { path, version });
        traces.beside = [...traces.beside, besides[kind as keyof typeof besides]];
      }
      return [...found.values()];
    });
  }

  remove(module: ModuleVersion): Promise<void> {
    const { store, layout, whole, claims } = this.#parts;
    return atStore(() =>
      claims.during(module, async (signal) => {
        for (const kind of away) await store.delete(layout.key(module, kind), signal);
        whole.forget(module);
        for (const kind of ["info", "mod"]) {
          await store.delete(ownKey("loose", module, kind), signal);
        }
      }),
    );
  }
}

function tracesOf(found: Map<string, Growing>, { version }: ModuleVersion): Growing {
  const traces = found.get(version) ?? { version, state: "absent", beside: [], bytes: 0 };
  found.set(version, traces);
  return traces;
}
