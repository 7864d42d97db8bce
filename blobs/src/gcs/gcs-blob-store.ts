// Blobs in a bucket of Google Cloud Storage.
import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type Bucket,
  type File,
  type FileMetadata,
  type GetFilesOptions,
  Storage,
} from "@google-cloud/storage";
import { bodyPieces, inParts } from "../blob-body.ts";
import { BlobFailure, replaced } from "../blob-failure.ts";
import { checkBlobKey } from "../blob-key.ts";
import type {
  BlobBody,
  BlobEntry,
  BlobLinks,
  ExactRemoval,
  GetOptions,
  LabelledHead,
  LabellingBlobStore,
  Labels,
  ListOptions,
  OpenBlob,
  PutOptions,
} from "../blob-store.ts";
import { ServiceCalls } from "../service-calls.ts";
import { streamedBlob } from "../streamed-blob.ts";
import { identityFrom } from "./gcs-credentials.ts";
import { statusOf, translateGcsFailure } from "./gcs-failure.ts";
import type { GcsSettings } from "./gcs-settings.ts";

/** What is larger is sent in chunks of this size. */
const chunkBytes = 8 << 20;
/** How often an object is looked at again that is replaced while it is being read. */
const mostTurns = 25;

/** The SDK's streams have some listeners more than Node finds normal, and Node would say so at every read. */
EventEmitter.defaultMaxListeners = Math.max(EventEmitter.defaultMaxListeners, 30);

/**
 * A tag is a generation, and conditions are `ifGenerationMatch`. The SDK sends a CRC32C with what it uploads, checks that
 * of what it reads whole, and alone repeats requests.
 */
export class GcsBlobStore implements LabellingBlobStore, ExactRemoval, BlobLinks, AsyncDisposable {
  readonly #bucket: Bucket;
  readonly #place: string;
  readonly #calls: ServiceCalls;

  constructor(settings: GcsSettings) {
    const { bucket, project, endpoint, credentials } = settings;
    const storage = new Storage({
      ...(project === undefined ? {} : { projectId: project }),
      ...(credentials === undefined ? {} : { authClient: identityFrom(credentials) }),
      ...(endpoint === undefined
        ? {}
        : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: endpoint.startsWith("https:") }),
      retryOptions: { maxRetries: 3, maxRetryDelay: 2, totalTimeout: 60 },
    });
    this.#bucket = storage.bucket(bucket);
    this.#place = `the bucket ${bucket} at ${endpoint === undefined ? "Google" : new URL(endpoint).host}`;
    this.#calls = new ServiceCalls({
      translate: (failure) => translateGcsFailure(failure, this.#place),
      isAbsence,
    });
  }

  async stat(key: string, signal?: AbortSignal): Promise<LabelledHead | undefined> {
    const file = this.#file(key);
    const found = await this.#calls.callOrAbsent(() => file.getMetadata(), signal);
    return found && headOf(key, found[0]);
  }

  async get(
    key: string,
    options: GetOptions = {},
    signal?: AbortSignal,
  ): Promise<OpenBlob<LabelledHead> | "unchanged" | undefined> {
    const { unlessTag, onlyTag } = options;
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const head = await this.stat(key, signal);
      if (head === undefined) return undefined;
      if (head.tag === unlessTag) return "unchanged";
      if (onlyTag !== undefined && head.tag !== onlyTag) break;
      try {
        return await this.#generation(head, options, signal);
      } catch (failure) {
        // Replaced between the two requests: what is there now is looked at again. So it is, once, over a connection that
        // turns out to be dead: of all requests the SDK does not repeat this one.
        if (!isAbsence(failure) && !(turn === 0 && isUnreachable(failure))) throw failure;
      }
    }
    throw replaced(key);
  }

  async put(
    key: string,
    body: BlobBody,
    options: PutOptions & { readonly labels?: Labels } = {},
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const file = this.#file(key);
    try {
      const parts = inParts(bodyPieces(body, options.sha256, signal), chunkBytes);
      const first = (await parts.next()).value as Buffer;
      const isSmall = first.length < chunkBytes;
      await pipeline(
        Readable.from(putBack({ value: first }, parts), { objectMode: false }),
        file.createWriteStream({
          ...describe(options),
          resumable: !isSmall,
          chunkSize: chunkBytes,
        }),
        signal === undefined ? {} : { signal },
      );
      return String(file.metadata.generation);
    } catch (failure) {
      signal?.throwIfAborted();
      if (options.when !== undefined && statusOf(failure) === 412) return undefined;
      throw this.#missingOr(failure);
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const file = this.#file(key);
    await this.#calls.call(() => file.delete({ ignoreNotFound: true }), signal);
  }

  /** A generation that is not there any more is not found. */
  async deleteTagged(key: string, tag: string, signal?: AbortSignal): Promise<boolean> {
    checkBlobKey(key);
    const file = this.#bucket.file(key, { generation: Number(tag) });
    return (await this.#calls.callOrAbsent(() => file.delete(), signal)) !== undefined;
  }

  async *list(
    prefix: string,
    { after, atOnce }: ListOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<BlobEntry> {
    const query = {
      prefix,
      autoPaginate: false,
      fields: "items(name,size),nextPageToken",
      ...(atOnce === undefined ? {} : { maxResults: atOnce }),
      ...(after === undefined ? {} : { startOffset: after }),
    };
    for (let pageToken: string | undefined; ; ) {
      const page = pageToken === undefined ? query : { ...query, pageToken };
      const [files, next] = await this.#page(page, signal);
      for (const { name = "", size = 0 } of files) {
        // The offset is the first key that may come.
        if (name !== after) yield { key: name, size: Number(size) };
      }
      pageToken = (next as { readonly pageToken?: string } | null)?.pageToken;
      if (pageToken === undefined) return;
    }
  }

  /** Signs with a key of the credentials, or has Google sign for an account of the machine. */
  async link(key: string, lifetimeSeconds: number): Promise<string> {
    const file = this.#file(key);
    try {
      const expires = Date.now() + lifetimeSeconds * 1000;
      const [url] = await file.getSignedUrl({ version: "v4", action: "read", expires });
      return url;
    } catch (failure) {
      const said = failure instanceof Error ? failure.message.split("\n")[0] : String(failure);
      throw new BlobFailure("denied", `nothing can be signed for ${this.#place}: ${said}`, {
        cause: failure,
      });
    }
  }

  /** Asks as a listing does, for the permission to look at a bucket is one that nothing else needs. */
  async check(signal?: AbortSignal): Promise<void> {
    await this.#page({ maxResults: 1, autoPaginate: false, fields: "nextPageToken" }, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** What is wanted of the bytes that `head` speaks of. Rejects as absent if they are not there any more. */
  async #generation(
    head: LabelledHead,
    { from = 0, to }: GetOptions,
    signal: AbortSignal | undefined,
  ): Promise<OpenBlob<LabelledHead>> {
    const end = Math.min(to ?? head.size, head.size);
    if (end <= from) return streamedBlob(head, Readable.from([]), bodyPieces(new Uint8Array()));
    const file = this.#bucket.file(head.key, { generation: Number(head.tag) });
    const isWhole = from === 0 && end === head.size;
    const range = isWhole ? {} : { start: from, end: end - 1, validation: false };
    const stream = file.createReadStream({ decompress: false, ...range });
    const pieces = this.#calls.pieces(stream, signal);
    const first = await pieces.next();
    return streamedBlob(head, stream, putBack(first, pieces));
  }

  #file(key: string): File {
    checkBlobKey(key);
    return this.#bucket.file(key);
  }

  /** With `fields` the SDK gives out what the service says, as it is. */
  async #page(
    query: GetFilesOptions,
    signal: AbortSignal | undefined,
  ): Promise<readonly [files: readonly FileMetadata[], next: unknown]> {
    try {
      const [files, next] = await this.#calls.call(() => this.#bucket.getFiles(query), signal);
      return [files as unknown as readonly FileMetadata[], next];
    } catch (failure) {
      throw this.#missingOr(failure);
    }
  }

  /** Where nothing in a bucket is asked for, nothing but the bucket can be missing. */
  #missingOr(failure: unknown): unknown {
    const translated = translateGcsFailure(failure, this.#place);
    if (!isAbsence(translated)) return translated;
    return new BlobFailure("missing_store", `${this.#place} does not exist`, { cause: failure });
  }
}

async function* putBack<T>(
  first: { readonly value: T; readonly done?: boolean | undefined },
  rest: AsyncIterable<T>,
): AsyncGenerator<T> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

function describe({ when, contentType, labels }: PutOptions & { readonly labels?: Labels }): {
  metadata: FileMetadata;
  preconditionOpts?: { ifGenerationMatch: number };
} {
  const generation =
    when === "absent" ? 0 : typeof when === "object" ? Number(when.tag) : undefined;
  return {
    metadata: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(labels === undefined ? {} : { metadata: { ...labels } }),
    },
    ...(generation === undefined ? {} : { preconditionOpts: { ifGenerationMatch: generation } }),
  };
}

function headOf(key: string, found: FileMetadata): LabelledHead {
  const { size, generation, updated, metadata } = found;
  const labels = Object.entries(metadata ?? {}).map(([name, value]) => [name, String(value)]);
  return {
    key,
    size: Number(size ?? 0),
    tag: String(generation),
    modified: new Date(updated ?? 0),
    labels: Object.fromEntries(labels) as Labels,
  };
}

function isAbsence(failure: unknown): boolean {
  return (
    failure instanceof BlobFailure &&
    failure.kind === "unexpected" &&
    statusOf(failure.cause) === 404
  );
}

function isUnreachable(failure: unknown): boolean {
  return failure instanceof BlobFailure && failure.kind === "unreachable";
}
