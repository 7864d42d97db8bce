// A Google Cloud Storage server for tests: fsouza's, on a port of its own. It asks for no credentials.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Storage } from "@google-cloud/storage";
import { GcsBlobStore } from "../gcs/gcs-blob-store.ts";
import type { GcsSettings } from "../gcs/gcs-settings.ts";
import type { BucketServer, TestBucket } from "./bucket-server.ts";
import { programIsMissing, type ServerProgram, startServer } from "./server-program.ts";

export interface GcsBucket extends TestBucket {
  readonly settings: GcsSettings;
}

export interface GcsServer extends BucketServer, ServerProgram {
  newBucket(): Promise<GcsBucket>;
}

/** Why there can be none here; false if there can. */
export function gcsServerIsMissing(): string | false {
  return programIsMissing("fake-gcs-server");
}

/** Starts one; see `gcsServerIsMissing`. With `remembers` what it keeps outlives its process. */
export async function startGcsServer({ remembers = false } = {}): Promise<GcsServer> {
  const folder = remembers ? await mkdtemp(join(tmpdir(), "stoa-gcs-")) : undefined;
  const kept =
    folder === undefined
      ? ["-backend", "memory"]
      : ["-backend", "filesystem", "-filesystem-root", folder];
  const server = await startServer("fake-gcs-server", (port) => {
    const own = ["-external-url", `http://127.0.0.1:${port}`, "-public-host", `127.0.0.1:${port}`];
    const place = ["-scheme", "http", "-host", "127.0.0.1", "-port", `${port}`];
    return [...kept, "-log-level", "error", ...place, ...own];
  });
  const project = "stoa-test";
  const service = new Storage({ apiEndpoint: server.url, projectId: project });
  let buckets = 0;
  return {
    ...server,
    async newBucket() {
      buckets += 1;
      const bucket = `bucket-${buckets}`;
      await service.createBucket(bucket);
      const settings = { bucket, project, endpoint: server.url };
      return { settings, open: async () => new GcsBlobStore(settings) };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
