// Storages and engines over TLS, with certificates of an authority that only the company knows: refused with one sentence until
// it is named, and at work when it is.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
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
  noEtcd,
  noPostgres,
  noRedis,
  ownMongoServerIsMissing,
  startEtcd,
  startOwnMongoServer,
  startPostgres,
  startRedis,
  startRedisCluster,
  startSentinel,
} from "@stoa/proxy/testing";
import { privateAuthority } from "@stoa/serving/testing";
import { azureVariables, gcpVariables } from "./testing/bucket-variables.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";
import { TlsRelays } from "./testing/tls-relay.ts";

type Environment = Record<string, string | undefined>;

/** Servers that are spoken to over TLS. */
interface Scene {
  readonly servers: AsyncDisposableStack;
  readonly relays: TlsRelays;
  readonly folder: TemporaryFolder;
}

/** What a Stoa is told of, as `config check --connect` names it. */
interface Setup {
  readonly skip: string | false;
  readonly tried: readonly string[];
  /** How the authority is named, if not for the whole process. */
  readonly key?: string;
  open(scene: Scene): Promise<Environment>;
}

const withRedis = (port: number): Environment => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "redis",
  ATHENS_REDIS_ENDPOINT: `rediss://127.0.0.1:${port}`,
  ATHENS_REDIS_PASSWORD: "secret",
});

const setups: readonly Setup[] = [
  {
    skip: s3ServerIsMissing() || noPostgres || noRedis,
    tried: ["storage s3", "state postgres", "single flight redis", "index postgres"],
    async open({ servers, relays }) {
      const s3 = servers.use(await startS3Server());
      const postgres = servers.use(await startPostgres(privateAuthority));
      const redis = servers.use(await startRedis("secret"));
      return {
        ...s3Variables(await s3.newBucket()),
        AWS_ENDPOINT: await relays.secure(s3.url),
        STOA_STATE: `${postgres.url.replace("127.0.0.1", "localhost")}?sslmode=verify-full`,
        ...withRedis(await relays.through(redis.port)),
        ATHENS_INDEX_TYPE: "postgres",
        ATHENS_INDEX_POSTGRES_HOST: "localhost",
        ATHENS_INDEX_POSTGRES_PORT: new URL(postgres.url).port,
        ATHENS_INDEX_POSTGRES_USER: "stoa",
        ATHENS_INDEX_POSTGRES_DATABASE: "postgres",
        ATHENS_INDEX_POSTGRES_PARAMS: "sslmode:verify-full",
      };
    },
  },
  {
    skip: s3ServerIsMissing() || noRedis,
    tried: ["storage minio", "single flight redis"],
    async open({ servers, relays }) {
      const s3 = servers.use(await startS3Server());
      const { settings } = await s3.newBucket();
      const cluster = servers.use(await startRedisCluster(relays.through));
      return {
        ATHENS_STORAGE_TYPE: "minio",
        ATHENS_MINIO_ENDPOINT: await relays.secure(s3.url),
        ATHENS_MINIO_BUCKET_NAME: settings.bucket,
        ATHENS_MINIO_ACCESS_KEY_ID: settings.keys?.id,
        ATHENS_MINIO_SECRET_ACCESS_KEY: settings.keys?.secret,
        ATHENS_SINGLE_FLIGHT_TYPE: "redis",
        ATHENS_REDIS_CLUSTER: "true",
        ATHENS_REDIS_ENDPOINT: cluster.endpoints.map((at) => `rediss://${at}`).join(","),
      };
    },
  },
  {
    skip: gcsServerIsMissing(),
    tried: ["storage gcp", "single flight gcp"],
    async open({ servers, relays, folder }) {
      const gcs = servers.use(await startGcsServer());
      return {
        ATHENS_STORAGE_TYPE: "gcp",
        ATHENS_SINGLE_FLIGHT_TYPE: "gcp",
        ...gcpVariables(await gcs.newBucket()),
        STOA_GCP_ENDPOINT: await relays.secure(gcs.url),
        ATHENS_STORAGE_GCP_JSON_KEY: await workloadKey(servers, folder),
      };
    },
  },
  {
    skip: azureServerIsMissing() || noEtcd,
    tried: ["storage azureblob", "single flight etcd"],
    async open({ servers, relays }) {
      const azure = servers.use(await startAzureServer());
      const etcd = servers.use(await startEtcd());
      const variables = azureVariables(await azure.newBucket());
      return {
        ATHENS_STORAGE_TYPE: "azureblob",
        ...variables,
        STOA_AZURE_ENDPOINT: await relays.secure(variables["STOA_AZURE_ENDPOINT"] ?? ""),
        ATHENS_SINGLE_FLIGHT_TYPE: "etcd",
        ATHENS_ETCD_ENDPOINTS: `https://127.0.0.1:${await relays.through(etcd.port)}`,
      };
    },
  },
  {
    skip: noRedis,
    tried: ["storage external", "single flight redis-sentinel"],
    async open({ servers, relays, folder }) {
      const external = servers.use(await externalServer());
      const tls = await filesOf(folder);
      const fleet = servers.use(await startSentinel("redis-1", "secret", { tls }));
      return {
        ATHENS_STORAGE_TYPE: "external",
        ATHENS_EXTERNAL_STORAGE_URL: await relays.secure(external.url),
        ATHENS_SINGLE_FLIGHT_TYPE: "redis-sentinel",
        ATHENS_REDIS_SENTINEL_ENDPOINTS: fleet.endpoints.map((at) => `rediss://${at}`).join(","),
        ATHENS_REDIS_SENTINEL_MASTER_NAME: "redis-1",
        ATHENS_REDIS_SENTINEL_PASSWORD: "secret",
        ATHENS_REDIS_PASSWORD: "secret",
      };
    },
  },
  {
    skip: ownMongoServerIsMissing(),
    tried: ["storage mongo"],
    key: "ATHENS_MONGO_CERT_PATH",
    async open({ servers, relays }) {
      const mongo = servers.use(await startOwnMongoServer());
      const port = await relays.through(mongo.port);
      return {
        ATHENS_STORAGE_TYPE: "mongo",
        ATHENS_MONGO_STORAGE_URL: `mongodb://127.0.0.1:${port}/?tls=true`,
      };
    },
  },
];

describe("an authority that only the company knows", () => {
  for (const { tried, skip, key, open } of setups) {
    test(`${tried.join(", ")}: named as what cannot be trusted, and at work when the authority is named`, {
      skip,
    }, async () => {
      await using servers = new AsyncDisposableStack();
      const folder = servers.use(await temporaryFolder());
      const relays = servers.use(new TlsRelays());
      const env = { STOA_STATE: "memory", ...(await open({ servers, relays, folder })) };
      const { authority } = await filesOf(folder);

      const refused = await finishedStoa(["config", "check", "--connect"], env);
      const sentences = refused.stderr.trim().split("\n");
      assert.equal(refused.code, 1);
      assert.deepEqual(refused.stdout, listed(tried, "does not work"));
      assert.equal(sentences.length, tried.length, refused.stderr);
      const wanted = key === undefined ? /NODE_EXTRA_CA_CERTS/ : /Storage\.Mongo\.CertPath/;
      for (const sentence of sentences) {
        assert.match(sentence, /certificate of .* is not trusted|its certificate is not trusted/);
        assert.match(sentence, wanted);
      }

      // The second is what all the rest of a machine looks at.
      for (const naming of key === undefined ? ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] : [key]) {
        const works = await finishedStoa(["config", "check", "--connect"], {
          ...env,
          [naming]: authority,
        });
        assert.deepEqual(works, { code: 0, stdout: listed(tried, "works"), stderr: "" }, naming);
      }

      const module = await smallModule("example.com/kept", "v1.0.0");
      await using upstream = await fixtureProxy([module]);
      const trusting = { ...env, [key ?? "SSL_CERT_FILE"]: authority };
      await using stoa = await startStoa({ goproxy: upstream.url, env: trusting });
      const zip = await ask(`${stoa.url}${filePath(module, "zip")}`);
      assert.equal(zip.status, 200, zip.text);
      assert.ok(zip.whole && zip.body.equals(Buffer.from(module.zip)));
    });
  }
});

function listed(tried: readonly string[], outcome: string): string {
  return ["the configuration is in order", ...tried.map((what) => `${what}: ${outcome}`), ""].join(
    "\n",
  );
}

async function filesOf(
  folder: TemporaryFolder,
): Promise<Record<"key" | "cert" | "authority", string>> {
  const path = (name: string): string => join(folder.path, `${name}.pem`);
  const files = { key: path("key"), cert: path("cert"), authority: path("authority") };
  await writeFile(files.key, privateAuthority.key);
  await writeFile(files.cert, privateAuthority.cert);
  await writeFile(files.authority, privateAuthority.authority);
  return files;
}

/** Credentials that are exchanged for a token at a server of the same authority, as a workload's are. */
async function workloadKey(
  servers: AsyncDisposableStack,
  folder: TemporaryFolder,
): Promise<string> {
  const { key, cert } = privateAuthority;
  const tokens = createServer({ key, cert }, (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ access_token: "t", token_type: "Bearer", expires_in: 3600 }));
  }).listen(0, "127.0.0.1");
  servers.defer(() => {
    tokens.closeAllConnections();
    tokens.close();
  });
  await new Promise((resolve) => tokens.once("listening", resolve));
  const file = join(folder.path, "subject");
  await writeFile(file, "somebody");
  const document = {
    type: "external_account",
    audience:
      "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `https://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`,
    credential_source: { file },
  };
  return Buffer.from(JSON.stringify(document)).toString("base64");
}
