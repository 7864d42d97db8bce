// Taking versions out of a bucket for good.
import type { LabellingBlobStore } from "@stoa/blobs";
import {
  escapePath,
  InvalidText,
  isVersion,
  type ModulePath,
  type ModuleVersion,
  unescapeVersion,
  type Version,
} from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";
import type { StoreRemoval, VersionTraces } from "../../domain/store-removal.ts";
import { objectsOf } from "./module-objects.ts";
import type { ObjectLayout } from "./object-layout.ts";
import { looseFolder, ownKey } from "./own-keys.ts";
import { atStore } from "./store-trouble.ts";
import type { VersionClaims } from "./version-claims.ts";
import type { WholeObjects } from "./whole-objects.ts";

export interface ObjectStoreRemovalParts {
  readonly store: LabellingBlobStore;
  readonly layout: ObjectLayout;
  readonly whole: WholeObjects;
  readonly claims: VersionClaims;
}

interface Found {
  readonly sizes: Map<FileKind, number>;
  readonly beside: VersionTraces["beside"][number][];
}

/** Removes under the claim of a writer, so that what is removed is not half of what somebody writes. */
export class ObjectStoreRemoval implements StoreRemoval {
  readonly #parts: ObjectStoreRemovalParts;

  constructor(parts: ObjectStoreRemovalParts) {
    this.#parts = parts;
  }

  traces(path: ModulePath): Promise<readonly VersionTraces[]> {
    const { store, layout } = this.#parts;
    return atStore(async () => {
      const all = new Map<Version, Found>();
      const at = (version: Version): Found => {
        const found = all.get(version) ?? { sizes: new Map(), beside: [] };
        all.set(version, found);
        return found;
      };
      for await (const { module, kind, size } of objectsOf(store, layout, path)) {
        at(module.version).sizes.set(kind, size);
      }
      const folder = `${looseFolder}${escapePath(path)}/`;
      for await (const { key } of store.list(folder)) {
        const [, name = "", kind] = /^([^/]+)@(info|mod)$/.exec(key.slice(folder.length)) ?? [];
        const version = unescaped(name);
        if (version !== undefined) at(version).beside.push(`loose ${kind as "info" | "mod"}`);
      }
      return Array.from(all, ([version, found]) => traceOf(version, found));
    });
  }

  remove(module: ModuleVersion): Promise<void> {
    const { store, layout, whole, claims } = this.#parts;
    return atStore(async () => {
      await claims.during(module, async (signal) => {
        // The info first: without it the version is not whole.
        for (const kind of ["info", "zip", "mod"] as const) {
          signal.throwIfAborted();
          await store.delete(layout.key(module, kind), signal);
        }
      });
      whole.forget(module);
      await store.delete(ownKey("loose", module, "info"));
      await store.delete(ownKey("loose", module, "mod"));
    });
  }
}

function traceOf(version: Version, { sizes, beside }: Found): VersionTraces {
  const isWhole = (sizes.get("info") ?? 0) > 0 && (sizes.get("zip") ?? 0) > 0 && sizes.has("mod");
  return {
    version,
    state: isWhole ? "whole" : sizes.size > 0 ? "torn" : "absent",
    beside,
    bytes: sizes.values().reduce((sum, size) => sum + size, 0),
  };
}

function unescaped(name: string): Version | undefined {
  try {
    const version = unescapeVersion(name);
    return isVersion(version) ? version : undefined;
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
