// An Azure server for tests: Azurite on a port of its own.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { AzureBlobStore } from "../azure/azure-blob-store.ts";
import type { AzureSettings } from "../azure/azure-settings.ts";
import type { BucketServer, TestBucket } from "./bucket-server.ts";
import { programIsMissing, type ServerProgram, startServer } from "./server-program.ts";

export interface AzureContainer extends TestBucket {
  readonly settings: AzureSettings;
}

export interface AzureServer extends BucketServer, ServerProgram {
  newBucket(): Promise<AzureContainer>;
}

const account = "stoatest";
const key = Buffer.from("the key of an account that exists nowhere else").toString("base64");

/** Why there can be none here; false if there can. */
export function azureServerIsMissing(): string | false {
  return programIsMissing("azurite-blob");
}

/** Starts one; see `azureServerIsMissing`. With `remembers` what it keeps outlives its process. */
export async function startAzureServer({ remembers = false } = {}): Promise<AzureServer> {
  const folder = remembers ? await mkdtemp(join(tmpdir(), "stoa-azure-")) : undefined;
  const kept = folder === undefined ? ["--inMemoryPersistence"] : ["--location", folder];
  const words = [...kept, "--skipApiVersionCheck", "--disableTelemetry", "--silent"];
  const server = await startServer(
    "azurite-blob",
    (port) => [...words, "--blobHost", "127.0.0.1", "--blobPort", `${port}`],
    { AZURITE_ACCOUNTS: `${account}:${key}` },
  );
  const endpoint = `${server.url}/${account}`;
  const service = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
  let containers = 0;
  return {
    ...server,
    async newBucket() {
      containers += 1;
      const container = `container-${containers}`;
      await service.createContainer(container);
      if (folder !== undefined) await untilWritten(folder, container);
      const settings = { account, container, endpoint, identity: { kind: "key", key } } as const;
      return { settings, open: () => AzureBlobStore.open(settings) };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Azurite writes down every five seconds what it knows; before that a container is gone with its process. */
async function untilWritten(folder: string, container: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const known = await readFile(join(folder, "__azurite_db_blob__.json"), "utf8").catch(() => "");
    if (known.includes(`"${container}"`)) return;
    await pause(100);
  }
  throw new Error(`Azurite has not written down ${container}`);
}
