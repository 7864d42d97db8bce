// The document tree in a bucket, read without any control plane.
import { BlobFailure, type BlobStore, type BucketPlace, openBucket } from "@stoa/blobs";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { DocumentSource, StatusSink } from "../../domain/document-source.ts";

const answerWithinMs = 15_000;
const mostDocumentBytes = 16 << 20;

/**
 * Reads a tree at a place in a bucket, which is shown as its URL, and puts reports into it where the credentials allow that. The service's SDK is loaded
 * when something is read for the first time.
 */
export function bucketSource(url: string, place: BucketPlace): DocumentSource & StatusSink {
  const tree = new BucketTree(url, place);
  return {
    read: async (path, ifNoneMatch, signal) =>
      await tree.asking(path, async (store, key) => {
        const options = ifNoneMatch === undefined ? {} : { unlessTag: ifNoneMatch };
        const blob = await store.get(key, options, within(signal));
        if (blob === "unchanged") return { status: "same" };
        if (blob === undefined) return { status: "absent" };
        await using open = blob;
        if (open.head.size > mostDocumentBytes)
          throw new AgentFailure("source_unavailable", `${path} is too large for a document`);
        const chunks: Uint8Array[] = [];
        for await (const chunk of open.body) chunks.push(chunk);
        return { status: "read", body: Buffer.concat(chunks).toString(), etag: open.head.tag };
      }),
    open: async (path, signal) =>
      await tree.asking(path, async (store, key) => {
        const blob = await store.get(key, {}, signal);
        if (blob === undefined || blob === "unchanged") return undefined;
        return tree.flowing(path, blob);
      }),
    report: async (machine, status, signal) => {
      const path = `machines/${machine}/status.json`;
      await tree.asking(path, async (store, key) => {
        try {
          await store.put(key, Buffer.from(status), {}, within(signal));
        } catch (cause) {
          // Credentials that only read are what a machine should have.
          if (!(cause instanceof BlobFailure && cause.kind === "denied")) throw cause;
        }
      });
    },
  };
}

function within(signal: AbortSignal | undefined): AbortSignal {
  const bound = AbortSignal.timeout(answerWithinMs);
  return signal === undefined ? bound : AbortSignal.any([bound, signal]);
}

class BucketTree {
  readonly #url: string;
  readonly #place: BucketPlace;
  #opening: Promise<BlobStore> | undefined;

  constructor(url: string, place: BucketPlace) {
    this.#url = url;
    this.#place = place;
  }

  /** Whatever goes wrong is `source_unavailable`: nothing is known then. */
  async asking<T>(path: string, work: (store: BlobStore, key: string) => Promise<T>): Promise<T> {
    try {
      this.#opening ??= openBucket(this.#place.bucket);
      return await work(await this.#opening, `${this.#place.prefix}${path}`);
    } catch (cause) {
      throw this.#unavailable(path, cause);
    }
  }

  async *flowing(
    path: string,
    blob: AsyncDisposable & { readonly body: AsyncIterable<Uint8Array> },
  ): AsyncIterable<Uint8Array> {
    try {
      await using open = blob;
      yield* open.body;
    } catch (cause) {
      throw this.#unavailable(path, cause);
    }
  }

  #unavailable(path: string, cause: unknown): AgentFailure {
    if (cause instanceof AgentFailure) return cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new AgentFailure(
      "source_unavailable",
      `${path} cannot be read from ${this.#url}: ${why}`,
      cause,
    );
  }
}
