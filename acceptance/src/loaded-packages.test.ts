// What of others' packages a server loads: those of what it is told to use, and no more. What were loaded for nothing would be
// paid for by everybody, at every start and in memory.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  azureServerIsMissing,
  gcsServerIsMissing,
  s3ServerIsMissing,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "@stoa/blobs/testing";
import {
  externalServer,
  fixtureProxy,
  mongoServerIsMissing,
  noEtcd,
  noMysql,
  noPostgres,
  noRedis,
  startEtcd,
  startMongoServer,
  startMysql,
  startPostgres,
  startRedis,
} from "@stoa/proxy/testing";
import { azureVariables, gcpVariables } from "./testing/bucket-variables.ts";
import { ask } from "./testing/http-answer.ts";
import { loadedBy, packagesOf, recordingLoads } from "./testing/loaded-packages.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Use {
  readonly of: string;
  readonly skip?: string | false;
  /** Beside those that a server with a disk needs. */
  readonly packages: readonly string[];
  readonly env: (servers: AsyncDisposableStack) => Promise<Environment>;
}

/** The command line, the log, the configuration file, archives, and HTTP to upstreams. */
const bare = ["commander", "pino", "smol-toml", "tar-stream", "undici"];

const s3Packages = ["client-s3", "credential-provider-http", "lib-storage", "s3-request-presigner"];

const uses: readonly Use[] = [
  { of: "a disk", packages: [], env: async () => ({}) },
  { of: "memory", packages: [], env: async () => ({ ATHENS_STORAGE_TYPE: "memory" }) },
  {
    of: "S3",
    skip: s3ServerIsMissing(),
    packages: s3Packages.map((name) => `@aws-sdk/${name}`),
    env: async (servers) => {
      const server = servers.use(await startS3Server());
      return s3Variables(await server.newBucket());
    },
  },
  {
    of: "Google Cloud Storage, for modules and leases",
    skip: gcsServerIsMissing(),
    packages: ["@google-cloud/storage", "google-auth-library"],
    env: async (servers) => {
      const server = servers.use(await startGcsServer());
      const variables = gcpVariables(await server.newBucket());
      return { ATHENS_STORAGE_TYPE: "gcp", ATHENS_SINGLE_FLIGHT_TYPE: "gcp", ...variables };
    },
  },
  {
    of: "Azure, for modules and leases",
    skip: azureServerIsMissing(),
    packages: ["@azure/storage-blob"],
    env: async (servers) => {
      const server = servers.use(await startAzureServer());
      const variables = azureVariables(await server.newBucket());
      const types = { ATHENS_STORAGE_TYPE: "azureblob", ATHENS_SINGLE_FLIGHT_TYPE: "azureblob" };
      return { ...types, ...variables };
    },
  },
  {
    of: "MongoDB",
    skip: mongoServerIsMissing(),
    packages: ["mongodb"],
    env: async (servers) => {
      const { url } = servers.use(await startMongoServer());
      return { ATHENS_STORAGE_TYPE: "mongo", ATHENS_MONGO_STORAGE_URL: url };
    },
  },
  {
    of: "a storage elsewhere, with leases in etcd",
    skip: noEtcd,
    packages: [],
    env: async (servers) => {
      const { url } = servers.use(await externalServer());
      const { port } = servers.use(await startEtcd());
      return {
        ATHENS_STORAGE_TYPE: "external",
        ATHENS_EXTERNAL_STORAGE_URL: url,
        ATHENS_SINGLE_FLIGHT_TYPE: "etcd",
        ATHENS_ETCD_ENDPOINTS: `127.0.0.1:${port}`,
      };
    },
  },
  {
    of: "Redis",
    skip: noRedis,
    packages: ["ioredis"],
    env: async (servers) => {
      const { port } = servers.use(await startRedis("secret"));
      return {
        ATHENS_SINGLE_FLIGHT_TYPE: "redis",
        ATHENS_REDIS_ENDPOINT: `127.0.0.1:${port}`,
        ATHENS_REDIS_PASSWORD: "secret",
      };
    },
  },
  {
    of: "PostgreSQL",
    skip: noPostgres,
    packages: ["pg"],
    env: async (servers) => {
      const { url } = servers.use(await startPostgres());
      return { ATHENS_SINGLE_FLIGHT_TYPE: "state", STOA_STATE: url };
    },
  },
  {
    of: "MySQL",
    skip: noMysql,
    packages: ["mysql2"],
    env: async (servers) => {
      const { port } = servers.use(await startMysql());
      return {
        ATHENS_INDEX_TYPE: "mysql",
        ATHENS_INDEX_MYSQL_HOST: "127.0.0.1",
        ATHENS_INDEX_MYSQL_PORT: `${port}`,
        ATHENS_INDEX_MYSQL_USER: "athens",
        ATHENS_INDEX_MYSQL_PASSWORD: "secret",
        ATHENS_INDEX_MYSQL_DATABASE: "athens",
      };
    },
  },
];

describe("the packages of a server that has kept and given out a module", () => {
  for (const { of, skip = false, packages, env } of uses) {
    test(`with ${of}`, { skip }, async () => {
      await using servers = new AsyncDisposableStack();
      const module = await smallModule("example.com/m", "v1.0.0");
      const upstream = servers.use(await fixtureProxy([module]));
      const folder = join(servers.use(await temporaryFolder()).path, "loaded");
      await mkdir(folder);
      const stoa = servers.use(
        await startStoa({
          goproxy: upstream.url,
          env: { ...(await env(servers)), ...recordingLoads(folder) },
        }),
      );
      for (const _time of ["cold", "kept"]) {
        const zip = await ask(`${stoa.url}${filePath(module, "zip")}`);
        assert.equal(zip.status, 200, zip.text);
      }
      const loaded = packagesOf(await loadedBy(stoa.pid, folder));
      assert.deepEqual(loaded, [...bare, ...packages].toSorted());
    });
  }
});
