import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import type { LooseFiles } from "../domain/loose-files.ts";
import type { ModuleStore, StoredFile } from "../domain/module-store.ts";
import { patiently } from "../domain/storage-patience.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import { patientStorage } from "./patient-store.ts";

const module = { path: parseModulePath("example.com/m"), version: parseVersion("v1.0.0") };
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** A storage of which only these parts are asked. */
function patient(
  store: Partial<ModuleStore>,
  parts: { readonly loose?: Partial<LooseFiles>; readonly catalog?: VersionCatalog } = {},
): ReturnType<typeof patientStorage> {
  return patientStorage({
    store: store as ModuleStore,
    loose: (parts.loose ?? {}) as LooseFiles,
    catalog: parts.catalog ?? { page: async () => ({ modules: [], next: undefined }) },
  });
}

describe("a patient storage", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("gives up what stands still, and lets go of a file that comes too late", async () => {
    const late = Promise.withResolvers<StoredFile | undefined>();
    const disposed = Promise.withResolvers<void>();
    const { store } = patient({ open: () => late.promise, check: never });
    const opening = store.open(module, "zip");
    const checking = store.check();
    await turn();
    mock.timers.tick(10_000);
    await assert.rejects(opening, { code: "store_unavailable", message: /10 seconds/ });
    await assert.rejects(checking, { code: "store_unavailable" });
    late.resolve({
      [Symbol.asyncDispose]: async () => disposed.resolve(),
    } as unknown as StoredFile);
    await disposed.promise;
  });

  it("passes on what comes in time", async () => {
    const { store } = patient({
      open: async () => undefined,
      versions: async () => [module.version],
    });
    assert.equal(await store.open(module, "info"), undefined);
    assert.deepEqual(await store.versions(module.path), [module.version]);
  });

  it("refuses the others after a second when one has waited in vain, and asks again when it answers", async () => {
    let check: () => Promise<void> = never;
    let asked = 0;
    const { store, loose, catalog } = patient(
      {
        check: () => check(),
        versions: async () => {
          asked++;
          return [];
        },
        open: async () => ({
          size: 1,
          modified: new Date(0),
          read: () => patiently(never<number>()),
          [Symbol.asyncDispose]: () => Promise.resolve(),
        }),
      },
      { loose: { read: async () => assert.fail("it is not asked") } },
    );
    const file = await store.open(module, "zip");
    const reading = file?.read(0, Buffer.alloc(1));
    await turn();
    mock.timers.tick(10_000);
    await assert.rejects(reading ?? Promise.resolve(), { code: "store_unavailable" });

    const refused = [
      () => store.versions(module.path),
      () => store.open(module, "zip"),
      () => loose.read(module, "mod"),
      () => catalog.page(undefined, 1),
      async () => file?.read(0, Buffer.alloc(1)),
    ].map((question) => assert.rejects(question(), { code: "store_unavailable" }));
    await turn();
    mock.timers.tick(1_000);
    await Promise.all(refused);
    assert.equal(asked, 0);

    check = () => Promise.resolve();
    mock.timers.tick(4_000);
    await turn();
    assert.deepEqual(await store.versions(module.path), []);
  });

  it("shows a page of the catalog when the storage answers at all, however long that takes", async () => {
    const page = Promise.withResolvers<{ modules: []; next: undefined }>();
    const { catalog } = patient(
      { check: () => Promise.resolve() },
      { catalog: { page: () => page.promise } },
    );
    const showing = catalog.page(undefined, 10);
    await turn();
    mock.timers.tick(60_000);
    page.resolve({ modules: [], next: undefined });
    assert.deepEqual(await showing, { modules: [], next: undefined });
  });
});

/** What is under way goes on as far as it can. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
