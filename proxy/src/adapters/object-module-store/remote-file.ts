// A kept file in an object store, open for reading.
import { BlobFailure, type BlobHead, type BlobStore } from "@stoa/blobs";
import { type FileTransfer, StreamedFile } from "../../domain/streamed-file.ts";
import { atStore } from "./store-trouble.ts";

/** The object that `head` describes, and no other. `whenGone` is called if it turns out not to be there any more. */
export function remoteFile(
  store: BlobStore,
  head: BlobHead,
  modified: Date,
  whenGone: () => void,
): StreamedFile {
  const begin = async (position: number): Promise<FileTransfer> => {
    const blob = await store.get(head.key, { from: position, onlyTag: head.tag });
    if (blob === undefined || blob === "unchanged") {
      throw new BlobFailure("changed", `${head.key} is not there any more: ask again`);
    }
    const pieces = blob.body[Symbol.asyncIterator]();
    return {
      pieces: { next: () => atStore(() => pieces.next()) },
      end: async () => blob[Symbol.asyncDispose](),
    };
  };
  return new StreamedFile(
    { size: head.size, modified },
    {
      begin: (position) =>
        atStore(() =>
          begin(position).catch((failure: unknown) => {
            if (failure instanceof BlobFailure && failure.kind === "changed") whenGone();
            throw failure;
          }),
        ),
    },
  );
}
