// The store at a server of Athens' protocol keeps the contract, with servers that are as plain as that of Athens.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LooseFiles } from "../../domain/loose-files.ts";
import type { StoreRemoval } from "../../domain/store-removal.ts";
import { externalServer } from "../../testing/external-server.ts";
import {
  filesOf,
  keptFiles,
  moduleStoreContract,
  moduleVersion,
  putFiles,
} from "../../testing/module-store-contract.ts";
import { openDiskModuleStore } from "../disk-module-store/open-disk-module-store.ts";
import { openZipSpool } from "../disk-module-store/zip-spool.ts";
import { openMemoryModuleStore } from "../memory-module-store/memory-module-store.ts";
import { openExternalModuleStore } from "./open-external-module-store.ts";

async function localParts(
  folder: string,
): Promise<{ loose: LooseFiles; looseRemoval: StoreRemoval }> {
  const { loose, removal: looseRemoval } = await openDiskModuleStore({ root: folder });
  return { loose, looseRemoval };
}

for (const tellsLength of [true, false]) {
  moduleStoreContract(
    `openExternalModuleStore at a server that tells ${tellsLength ? "" : "no "}lengths`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "stoa-external-"));
      const server = await externalServer(openMemoryModuleStore().store, { tellsLength });
      const parts = { spool: await openZipSpool(folder), ...(await localParts(folder)) };
      const [{ store }, { store: other }] = [
        await openExternalModuleStore(server.url, parts),
        await openExternalModuleStore(server.url, parts),
      ];
      return {
        store,
        other,
        async cleanUp() {
          await server[Symbol.asyncDispose]();
          await rm(folder, { recursive: true });
        },
      };
    },
  );
}

test("an account in the URL is sent, and a refusal or a silent server is a sentence", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-external-"));
  const parts = { spool: await openZipSpool(folder), ...(await localParts(folder)) };
  const server = await externalServer(openMemoryModuleStore().store, { account: "me:p@ss" });
  const { host } = new URL(server.url);
  await assert.rejects(openExternalModuleStore(server.url, parts), /status 401/);
  const { store } = await openExternalModuleStore(`http://me:p%40ss@${host}/`, parts);
  const module = moduleVersion("github.com/Azure/x", "v2.0.0+incompatible");
  await putFiles(store, module, filesOf("x"));
  assert.deepEqual(await keptFiles(store, module), filesOf("x"));
  await server[Symbol.asyncDispose]();
  await assert.rejects(store.check(), { code: "store_unavailable" });
  await rm(folder, { recursive: true });
});
