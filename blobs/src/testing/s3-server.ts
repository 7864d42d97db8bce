// An S3 server for tests: Versity's gateway over a folder. It checks signatures, checksums and conditions.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Settings } from "../s3/s3-settings.ts";
import { type ServerProgram, startServer } from "./server-program.ts";

export interface S3Server extends ServerProgram {
  readonly settings: S3Settings;
  /** Makes an empty bucket and says how it is reached. */
  newBucket(): Promise<S3Settings>;
}

const keys = { kind: "keys", id: "stoa-test-key", secret: "stoa-test-secret" } as const;

export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-s3-"));
  let buckets = 0;
  const server = await startServer(
    "versitygw",
    (port) => ["--quiet", "--keep-alive", "--port", `127.0.0.1:${port}`, "posix", folder],
    { ROOT_ACCESS_KEY: keys.id, ROOT_SECRET_KEY: keys.secret },
  );
  const newBucket = async (): Promise<S3Settings> => {
    buckets += 1;
    const bucket = `bucket-${buckets}`;
    await mkdir(join(folder, bucket));
    return { bucket, region: "us-east-1", endpoint: server.url, isPathStyle: true, credentials: keys };
  };
  return {
    ...server,
    settings: await newBucket(),
    newBucket,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
