// An S3 server for tests: Versity's gateway over a folder. It checks signatures, checksums and conditions.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3BlobStore } from "../s3/s3-blob-store.ts";
import type { S3Settings } from "../s3/s3-settings.ts";
import type { BucketServer, TestBucket } from "./bucket-server.ts";
import { programIsMissing, type ServerProgram, startServer } from "./server-program.ts";

export interface S3Bucket extends TestBucket {
  open(): Promise<S3BlobStore>;
  readonly settings: S3Settings;
}

export interface S3Server extends BucketServer, ServerProgram {
  newBucket(): Promise<S3Bucket>;
  /** Opens a bucket of any name. */
  open(bucket: string): S3BlobStore;
}

/** Why there can be none here; false if there can. */
export function s3ServerIsMissing(): string | false {
  return programIsMissing("versitygw");
}

const keys = { id: "stoa-test-key", secret: "stoa-test-secret" } as const;

/** Starts one; see `s3ServerIsMissing`. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-s3-"));
  let buckets = 0;
  const server = await startServer(
    "versitygw",
    (port) => ["--quiet", "--keep-alive", "--port", `127.0.0.1:${port}`, "posix", folder],
    { ROOT_ACCESS_KEY: keys.id, ROOT_SECRET_KEY: keys.secret },
  );
  const settingsOf = (bucket: string): S3Settings => ({
    bucket,
    region: "us-east-1",
    endpoint: server.url,
    isPathStyle: true,
    keys,
  });
  return {
    ...server,
    open: (bucket) => new S3BlobStore(settingsOf(bucket)),
    async newBucket() {
      buckets += 1;
      const settings = settingsOf(`bucket-${buckets}`);
      await mkdir(join(folder, settings.bucket));
      return { settings, open: async () => new S3BlobStore(settings) };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
