// The store in a bucket keeps every contract, in both layouts, at a real server where there is one.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { LabellingBlobStore } from "@stoa/blobs";
import {
  azureServerIsMissing,
  type BucketServer,
  gcsServerIsMissing,
  memoryBuckets,
  s3ServerIsMissing,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "@stoa/blobs/testing";
import type { ModuleVersion } from "@stoa/gomod";
import { looseFilesContract } from "../../testing/loose-files-contract.ts";
import {
  type FileBytes,
  filesOf,
  keptFiles,
  moduleStoreContract,
  moduleVersion,
  putFiles,
} from "../../testing/module-store-contract.ts";
import { storeRemovalContract } from "../../testing/store-removal-contract.ts";
import { versionCatalogContract } from "../../testing/version-catalog-contract.ts";
import { versionTrashContract } from "../../testing/version-trash-contract.ts";
import { openZipSpool } from "../disk-module-store/zip-spool.ts";
import { folderLayout, protocolLayout } from "./object-layout.ts";
import { openObjectModuleStore, tryObjectStore } from "./open-object-module-store.ts";

interface Service {
  readonly name: string;
  readonly start: () => Promise<BucketServer>;
  readonly skip: string | false;
}

const services: readonly Service[] = [
  { name: "memory", start: memoryBuckets, skip: false },
  { name: "S3", start: startS3Server, skip: s3ServerIsMissing() },
  { name: "Azure", start: startAzureServer, skip: azureServerIsMissing() },
  { name: "Google", start: startGcsServer, skip: gcsServerIsMissing() },
];

for (const { name, start, skip } of services) {
  for (const layout of ["protocol", "folder"] as const) {
    describe(`openObjectModuleStore at ${name}, ${layout} layout`, { skip }, () => {
      let server: BucketServer;
      let folder: string;
      before(async () => {
        [server, folder] = await Promise.all([start(), mkdtemp(join(tmpdir(), "stoa-spool-"))]);
      });
      after(async () => {
        await server[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      });

      const make = async () => {
        const spool = await openZipSpool(folder);
        const bucket = await server.newBucket();
        const doors = [await bucket.open(), await bucket.open()] as const;
        const [here, there] = doors.map((door) => openObjectModuleStore(door, { layout, spool }));
        return {
          ...here!,
          other: there!.store,
          otherStore: there!.store,
          otherTrash: there!.trash,
          otherLoose: there!.loose,
          blobs: doors[0],
          tear: (module: ModuleVersion, pieces: Partial<FileBytes>) =>
            tear(doors[0], layout, module, pieces),
          cleanUp: async () => {
            for (const door of doors) await door[Symbol.asyncDispose]();
          },
        };
      };
      moduleStoreContract(name, make);
      looseFilesContract(name, async () => {
        const { loose, otherLoose, cleanUp } = await make();
        return { loose, other: otherLoose, cleanUp };
      });
      versionCatalogContract(name, make);
      versionTrashContract(name, async () => {
        const { store, trash, otherStore, otherTrash, cleanUp } = await make();
        const other = { store: otherStore, trash: otherTrash };
        return { store, trash, other, cleanUp, isRemovedSoftly: false };
      });
      storeRemovalContract(name, make);

      test("a bucket can be tried, by many at once, and nothing of that remains", async () => {
        const { blobs, cleanUp } = await make();
        await Promise.all(Array.from({ length: 8 }, () => tryObjectStore(blobs)));
        assert.deepEqual(await Array.fromAsync(blobs.list("")), []);
        await cleanUp();
      });

      test("a version lies where Athens looks for it, and nothing remains of keeping it", async () => {
        const { store, blobs, cleanUp } = await make();
        await putFiles(store, moduleVersion("github.com/Azure/x", "v1.0.0-RC1"), filesOf("x"));
        const keys = (await Array.fromAsync(blobs.list(""))).map(({ key }) => key);
        assert.deepEqual(
          keys,
          layout === "folder"
            ? ["go.mod", "source.zip", "v1.0.0-RC1.info"].map(
                (file) => `github.com/Azure/x/v1.0.0-RC1/${file}`,
              )
            : ["info", "mod", "zip"].map((kind) => `github.com/Azure/x/@v/v1.0.0-RC1.${kind}`),
        );
        await cleanUp();
      });

      test("hundreds of versions are all listed, among many of longer paths", async () => {
        const { store, blobs, tear, cleanUp } = await make();
        const versions = Array.from({ length: 130 }, (_, patch) => `v1.0.${patch}`);
        for (const path of ["a.b/c", "a.b/c/d", "a.b/c/v0/e", "a.b/c/z"]) {
          await Promise.all(versions.map((v) => tear(moduleVersion(path, v), filesOf(v))));
        }
        await tear(moduleVersion("a.b/c", "v1.1.0"), { info: filesOf("x").info });
        const listed = await store.versions(moduleVersion("a.b/c", "v1.0.0").path);
        assert.deepEqual(listed.toSorted(), versions.toSorted());
        await cleanUp();
        void blobs;
      });

      test("a withdrawn version is absent, kept aside, and may come again", async () => {
        const { store, inspection, blobs, cleanUp } = await make();
        const module = moduleVersion("a.b/c", "v1.0.0");
        await putFiles(store, module, filesOf("x"));
        const place = await inspection.withdraw(module);
        assert.equal(await store.open(module, "info"), undefined);
        assert.deepEqual(await Array.fromAsync(inspection.versions()), []);
        assert.equal((await Array.fromAsync(blobs.list(place))).length, 3);
        await putFiles(store, module, filesOf("y"));
        assert.deepEqual(await keptFiles(store, module), filesOf("y"));
        await using zip = await inspection.zip(module);
        assert.equal(zip?.place.kind, "file");
        await cleanUp();
      });
    });
  }
}

/** Leaves objects as another program would. */
async function tear(
  blobs: LabellingBlobStore,
  layout: "protocol" | "folder",
  module: ModuleVersion,
  pieces: Partial<FileBytes>,
): Promise<void> {
  const { key } = layout === "folder" ? folderLayout : protocolLayout;
  for (const kind of ["info", "mod", "zip"] as const) {
    if (pieces[kind] !== undefined) await blobs.put(key(module, kind), pieces[kind]);
  }
}
