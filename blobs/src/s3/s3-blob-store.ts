// Blobs in a bucket of S3 or of a server that speaks its protocol.
import { Readable } from "node:stream";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { bodyPieces, requireSha256 } from "../blob-body.ts";
import { BlobFailure, replaced } from "../blob-failure.ts";
import { checkBlobKey } from "../blob-key.ts";
import type {
  BlobBody,
  BlobEntry,
  BlobLinks,
  GetOptions,
  LabelledHead,
  LabellingBlobStore,
  Labels,
  ListOptions,
  OpenBlob,
  PutOptions,
} from "../blob-store.ts";
import { bareTag, ServiceCalls, wholeSize } from "../service-calls.ts";
import { emptyPart } from "../streamed-blob.ts";
import { openS3Client } from "./s3-client.ts";
import { statusOf, translateS3Failure } from "./s3-failure.ts";
import type { S3Settings } from "./s3-settings.ts";

/** What is larger is sent in parts of this size, of which so many are in memory at once. */
const partBytes = 8 << 20;
const partsAtOnce = 2;

/**
 * Conditions are `If-None-Match` and `If-Match` of PutObject and CompleteMultipartUpload, which AWS has had since 2024.
 * The SDK sends a checksum with everything and checks that of what it reads whole. It alone repeats requests.
 */
export class S3BlobStore implements LabellingBlobStore, BlobLinks, AsyncDisposable {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #place: string;
  readonly #calls: ServiceCalls;

  constructor(settings: S3Settings) {
    this.#client = openS3Client(settings);
    this.#bucket = settings.bucket;
    const host = settings.endpoint === undefined ? "S3" : new URL(settings.endpoint).host;
    this.#place = `the bucket ${settings.bucket} at ${host}`;
    this.#calls = new ServiceCalls({
      translate: (failure) => translateS3Failure(failure, this.#place),
      isAbsence,
    });
  }

  async stat(key: string, signal?: AbortSignal): Promise<LabelledHead | undefined> {
    checkBlobKey(key);
    const found = await this.#calls.callOrAbsent(
      () =>
        this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), to(signal)),
      signal,
    );
    return found && headOf(key, found, found.ContentLength ?? 0);
  }

  async get(
    key: string,
    options: GetOptions = {},
    signal?: AbortSignal,
  ): Promise<OpenBlob<LabelledHead> | "unchanged" | undefined> {
    checkBlobKey(key);
    const { from = 0, to: end } = options;
    if (end !== undefined && end <= from) {
      return emptyPart(await this.stat(key, signal), key, options);
    }
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...wanted(options) });
    try {
      const found = await this.#calls.callOrAbsent(
        () => this.#client.send(command, to(signal)),
        signal,
      );
      return (
        found &&
        this.#calls.opened(
          headOf(key, found, wholeSize(found.ContentRange, found.ContentLength)),
          found.Body as Readable,
          signal,
        )
      );
    } catch (failure) {
      const status = failure instanceof BlobFailure ? statusOf(failure.cause) : undefined;
      if (status === 304) return "unchanged";
      if (status === 412) throw replaced(key, failure);
      if (status === 416) return emptyPart(await this.stat(key, signal), key, options);
      throw failure;
    }
  }

  async put(
    key: string,
    body: BlobBody,
    options: PutOptions & { readonly labels?: Labels } = {},
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    checkBlobKey(key);
    const target = { Bucket: this.#bucket, Key: key, ...describe(options) };
    try {
      const send =
        body instanceof Uint8Array && body.length <= partBytes
          ? this.#putWhole(target, body, options.sha256, signal)
          : this.#putInParts(target, bodyPieces(body, options.sha256, signal), signal);
      return bareTag((await send).ETag);
    } catch (failure) {
      signal?.throwIfAborted();
      if (options.when !== undefined && [404, 409, 412].includes(statusOf(failure) ?? 0)) {
        await this.check(signal);
        return undefined;
      }
      throw translateS3Failure(failure, this.#place);
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkBlobKey(key);
    await this.#calls.callOrAbsent(
      () =>
        this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), to(signal)),
      signal,
    );
  }

  async *list(
    prefix: string,
    { after, atOnce }: ListOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<BlobEntry> {
    for (let token: string | undefined; ; ) {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(atOnce === undefined ? {} : { MaxKeys: atOnce }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
        ...(after === undefined || token !== undefined ? {} : { StartAfter: after }),
      });
      const page = await this.#calls.call(() => this.#client.send(command, to(signal)), signal);
      for (const { Key = "", Size = 0 } of page.Contents ?? []) yield { key: Key, size: Size };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (token === undefined) return;
    }
  }

  async check(signal?: AbortSignal): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), to(signal));
    } catch (failure) {
      signal?.throwIfAborted();
      if (statusOf(failure) === undefined) throw translateS3Failure(failure, this.#place);
      // An answer to HEAD has no words; one to GET says what is wrong.
      const command = new ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 });
      await this.#calls.call(() => this.#client.send(command, to(signal)), signal);
    }
  }

  /** Signs here, with the credentials at hand: nobody is asked, unless for these. */
  link(key: string, lifetimeSeconds: number): Promise<string> {
    checkBlobKey(key);
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return this.#calls.call(() =>
      getSignedUrl(this.#client, command, { expiresIn: lifetimeSeconds }),
    );
  }

  /** Makes the bucket unless it exists. */
  async create(): Promise<void> {
    try {
      await this.check();
    } catch (failure) {
      if (!(failure instanceof BlobFailure && failure.kind === "missing_store")) throw failure;
      const command = new CreateBucketCommand({ Bucket: this.#bucket });
      // Another instance may have been faster.
      await this.#client.send(command).catch(() => this.check());
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }

  async #putWhole(
    target: PutObjectCommandInput,
    body: Uint8Array,
    sha256: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ ETag?: string | undefined }> {
    requireSha256(body, sha256);
    return await this.#client.send(new PutObjectCommand({ ...target, Body: body }), to(signal));
  }

  async #putInParts(
    target: PutObjectCommandInput,
    pieces: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<{ ETag?: string | undefined }> {
    const upload = new Upload({
      client: this.#client,
      partSize: partBytes,
      queueSize: partsAtOnce,
      params: { ...target, Body: Readable.from(pieces) },
    });
    const stop = (): void => void upload.abort();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await upload.done();
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

function to(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** The service knows checksums of whole blobs only. */
function wanted({
  from = 0,
  to: end,
  unlessTag,
  onlyTag,
}: GetOptions): Omit<GetObjectCommandInput, "Bucket" | "Key"> {
  const isWhole = from === 0 && end === undefined;
  return {
    ...(isWhole
      ? { ChecksumMode: "ENABLED" }
      : { Range: `bytes=${from}-${end === undefined ? "" : end - 1}` }),
    ...(unlessTag === undefined ? {} : { IfNoneMatch: `"${unlessTag}"` }),
    ...(onlyTag === undefined ? {} : { IfMatch: `"${onlyTag}"` }),
  };
}

function describe({
  when,
  contentType,
  labels,
}: PutOptions & { readonly labels?: Labels }): Omit<PutObjectCommandInput, "Bucket" | "Key"> {
  return {
    ...(when === "absent" ? { IfNoneMatch: "*" } : {}),
    ...(typeof when === "object" ? { IfMatch: `"${when.tag}"` } : {}),
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(labels === undefined ? {} : { Metadata: { ...labels } }),
  };
}

function headOf(key: string, found: HeadObjectCommandOutput, size: number): LabelledHead {
  return {
    key,
    size,
    tag: bareTag(found.ETag),
    modified: found.LastModified ?? new Date(0),
    labels: found.Metadata ?? {},
  };
}

/** A missing bucket looks alike where the service has no words, as in answers to HEAD. */
function isAbsence(failure: unknown): boolean {
  return (
    failure instanceof BlobFailure &&
    failure.kind === "unexpected" &&
    statusOf(failure.cause) === 404
  );
}
