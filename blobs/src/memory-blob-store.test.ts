// The memory driver keeps the contract.
import { MemoryBlobStore } from "./memory-blob-store.ts";
import {
  blobLabelsContract,
  blobStoreContract,
  exactRemovalContract,
} from "./testing/blob-store-contract.ts";

async function make(): Promise<{
  store: MemoryBlobStore;
  other: MemoryBlobStore;
  cleanUp(): Promise<void>;
}> {
  const store = new MemoryBlobStore();
  return { store, other: store, cleanUp: () => Promise.resolve() };
}

blobStoreContract("MemoryBlobStore", make);
blobLabelsContract("MemoryBlobStore", make);
exactRemovalContract("MemoryBlobStore", make);
