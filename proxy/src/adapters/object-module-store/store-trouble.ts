// What an object store complains about, in the words of the proxy.
import { BlobFailure } from "@stoa/blobs";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Runs work at an object store; what that complains about becomes `store_unavailable`. */
export async function atStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    throw storeTrouble(failure);
  }
}

/** A `ProxyFailure` for a `BlobFailure`; anything else is a mistake of ours and stays what it is. */
export function storeTrouble(failure: unknown): unknown {
  if (!(failure instanceof BlobFailure)) return failure;
  return new ProxyFailure("store_unavailable", `the storage failed: ${failure.message}`, {
    cause: failure,
  });
}
