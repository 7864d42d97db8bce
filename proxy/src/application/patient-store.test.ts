import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import type { ModuleStore, StoredFile } from "../domain/module-store.ts";
import { PatientStore } from "./patient-store.ts";

const module = { path: parseModulePath("example.com/m"), version: parseVersion("v1.0.0") };

describe("PatientStore", () => {
  it("gives up a store that stands still, and lets go of a file that comes too late", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const late = Promise.withResolvers<StoredFile | undefined>();
      const disposed = Promise.withResolvers<void>();
      const still = { open: () => late.promise, check: () => new Promise(() => undefined) };
      const store = new PatientStore(still as unknown as ModuleStore);
      const opening = store.open(module, "zip");
      const checking = store.check();
      mock.timers.tick(10_000);
      await assert.rejects(opening, { code: "store_unavailable", message: /10 seconds/ });
      await assert.rejects(checking, { code: "store_unavailable" });
      late.resolve({
        [Symbol.asyncDispose]: async () => disposed.resolve(),
      } as unknown as StoredFile);
      await disposed.promise;
    } finally {
      mock.timers.reset();
    }
  });

  it("passes on what comes in time", async () => {
    const store = new PatientStore({
      open: async () => undefined,
      versions: async () => [module.version],
    } as unknown as ModuleStore);
    assert.equal(await store.open(module, "info"), undefined);
    assert.deepEqual(await store.versions(module.path), [module.version]);
  });
});
