// An S3 server for tests: Versity's gateway over a folder. It checks signatures, checksums and conditions.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
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
  /** A bucket, and a user who may do what the policy allows and nothing else; the statements name no principal. */
  newBucketFor(policy: S3Policy): Promise<S3Bucket>;
  /** Opens a bucket of any name. */
  open(bucket: string): S3BlobStore;
}

/** A bucket policy, as AWS writes it. */
export interface S3Policy {
  readonly Version: string;
  readonly Statement: readonly object[];
}

/** Why there can be none here; false if there can. */
export function s3ServerIsMissing(): string | false {
  return programIsMissing("versitygw");
}

const keys = { id: "stoa-test-key", secret: "stoa-test-secret" } as const;

/** Starts one; see `s3ServerIsMissing`. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-s3-"));
  const [inside, users] = [join(folder, "buckets"), join(folder, "users")];
  await Promise.all([mkdir(inside), mkdir(users)]);
  let buckets = 0;
  const server = await startServer(
    "versitygw",
    (port) => [
      ...["--quiet", "--keep-alive", "--port", `127.0.0.1:${port}`],
      ...["--iam-dir", users, "posix", inside],
    ],
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
      await mkdir(join(inside, settings.bucket));
      return { settings, open: async () => new S3BlobStore(settings) };
    },
    async newBucketFor(policy) {
      buckets += 1;
      const own = { id: `user-${buckets}`, secret: `secret-of-user-${buckets}` };
      await createUser(server.url, own);
      const settings = settingsOf(`bucket-${buckets}`);
      await createBucket(settings, { ...policy, Statement: policy.Statement.map(ofUser(own.id)) });
      const restricted = { ...settings, keys: own };
      return { settings: restricted, open: async () => new S3BlobStore(restricted) };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function createUser(
  url: string,
  { id, secret }: NonNullable<S3Settings["keys"]>,
): Promise<void> {
  const admin = ["admin", "--access", keys.id, "--secret", keys.secret, "--endpoint-url", url];
  const user = ["create-user", "--access", id, "--secret", secret, "--role", "user"];
  await promisify(execFile)("versitygw", [...admin, ...user]);
}

async function createBucket(settings: S3Settings, policy: S3Policy): Promise<void> {
  const { bucket: Bucket, endpoint = "", region = "" } = settings;
  const credentials = { accessKeyId: keys.id, secretAccessKey: keys.secret };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }));
  } finally {
    client.destroy();
  }
}

function ofUser(id: string): (statement: object) => object {
  return (statement) => ({ ...statement, Principal: { AWS: [id] } });
}
