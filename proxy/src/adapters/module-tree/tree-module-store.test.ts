import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { moduleStoreContract } from "../../testing/module-store-contract.ts";
import { openTreeModuleStore } from "./tree-module-store.ts";
import { TreeRoot } from "./tree-root.ts";

moduleStoreContract("the module tree", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-tree-"));
  const root = new TreeRoot(folder);
  const [store, other] = [await openTreeModuleStore(folder), await openTreeModuleStore(folder)];
  return {
    store,
    other,
    async tear(module, pieces) {
      for (const kind of ["info", "mod", "zip"] as const) {
        const bytes = pieces[kind];
        if (bytes === undefined) continue;
        const file = root.file(module, kind);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, bytes);
      }
    },
    async cleanUp() {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});
