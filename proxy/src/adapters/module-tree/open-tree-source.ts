// A module tree as a source of versions to move.
import { StoreSource } from "../../domain/store-source.ts";
import { treeEntries } from "./tree-entries.ts";
import { TreeFile } from "./tree-file.ts";
import { TreeRoot } from "./tree-root.ts";

/** Opens a tree to be read and never written. Rejects with a sentence if it is not there. */
export async function openTreeSource(path: string, name: string): Promise<StoreSource> {
  const root = new TreeRoot(path);
  await root.requirePresent();
  return new StoreSource({
    name,
    store: { open: (module, kind) => TreeFile.open(root.file(module, kind), root) },
    entries: (signal) => treeEntries(root, signal),
  });
}
