// The configuration of the storage in the words of the module proxy, and its troubles in the words of the configuration.
import { type StorageSettings, StorageTrouble, type StorageTroubleKind } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";
import { placeOf } from "../config/consistency.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { SettingKey, SettingValues } from "../config/settings.ts";

type StorageType = SettingValues["storageType"];

/** Where modules are kept. */
export function storageSettings({ values }: Pick<Configuration, "values">): StorageSettings {
  const folder = values.localFolder;
  const linkSeconds = values.zipRedirect ? values.zipRedirectSeconds : undefined;
  switch (values.storageType) {
    case "disk":
      return { kind: "disk", root: values.diskRoot };
    case "memory":
      return { kind: "memory" };
    case "s3":
      return { kind: "bucket", layout: "protocol", folder, linkSeconds, bucket: s3Bucket(values) };
    case "minio":
      return { kind: "bucket", layout: "folder", folder, linkSeconds, bucket: minioBucket(values) };
    case "gcp":
      return { kind: "bucket", layout: "protocol", folder, linkSeconds, bucket: gcpBucket(values) };
    case "azureblob":
      return {
        kind: "bucket",
        layout: "protocol",
        folder,
        linkSeconds,
        bucket: azureContainer(values),
      };
    case "mongo":
      return { kind: "mongo", folder, mongo: mongoSettings(values) };
    case "external":
      return { kind: "external", url: values.externalUrl, folder };
  }
}

type MongoSettings = Extract<StorageSettings, { kind: "mongo" }>["mongo"];
type BucketSettings = Extract<StorageSettings, { kind: "bucket" }>["bucket"];
type GcsSettings = Extract<BucketSettings, { service: "gcs" }>;
type AzureSettings = Extract<BucketSettings, { service: "azure" }>;

function mongoSettings(values: SettingValues): MongoSettings {
  return {
    url: values.mongoUrl,
    database: values.mongoDatabase,
    collection: values.mongoCollection,
    caFile: values.mongoCertPath || undefined,
    isInsecure: values.mongoInsecure,
  };
}

/** Keys count unless the standard places are asked for. Authority: gomods/athens, pkg/storage/s3. */
function s3Bucket(values: SettingValues): BucketSettings {
  const { s3Key: id, s3Secret: secret, s3Token: token } = values;
  const isFixed = !values.s3UseDefaultConfiguration;
  const endpoint = values.s3Endpoint || undefined;
  const credentialsUrl =
    values.s3CredentialsEndpoint === ""
      ? undefined
      : `${values.s3CredentialsEndpoint}${values.s3ContainerCredentialsUri}`;
  return {
    service: "s3",
    bucket: values.s3Bucket,
    region: values.s3Region || (endpoint && "us-east-1"),
    endpoint,
    isPathStyle: values.s3ForcePathStyle,
    ...(isFixed && { credentialsUrl }),
    ...(isFixed && id !== "" && { keys: { id, secret, token: token || undefined } }),
  };
}

/** Athens takes `http://` and `https://` away and looks only at EnableSSL; here `https://` says the same. */
function minioBucket(values: SettingValues): BucketSettings {
  const { minioEndpoint, minioKey: id, minioSecret: secret } = values;
  const host = minioEndpoint.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const isTls = values.minioEnableSsl || minioEndpoint.startsWith("https://");
  return {
    service: "s3",
    bucket: values.minioBucket,
    isCreated: true,
    region: values.minioRegion || "us-east-1",
    endpoint: `${isTls ? "https" : "http"}://${host}`,
    isPathStyle: true,
    keys: { id, secret },
  };
}

/** What [Storage.GCP] says. Throws `StorageTrouble` if the key is not base64 of JSON. */
export function gcpBucket(values: SettingValues): GcsSettings {
  const { gcpBucket: bucket, gcpJsonKey } = values;
  return {
    service: "gcs",
    bucket,
    project: values.gcpProjectId || undefined,
    endpoint: values.gcpEndpoint || undefined,
    ...(gcpJsonKey !== "" && { credentials: decodedKey(gcpJsonKey) }),
  };
}

function decodedKey(text: string): Readonly<Record<string, unknown>> {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, "base64").toString());
    if (typeof decoded === "object" && decoded !== null) return { ...decoded };
  } catch {
    // Said below.
  }
  throw new StorageTrouble("denied", "it does not hold credentials as JSON in base64");
}

/** What [Storage.AzureBlob] says. A managed identity wins over the key. Authority: gomods/athens, pkg/storage/azureblob. */
export function azureContainer(values: SettingValues): AzureSettings {
  const { azureAccountKey: key, azureManagedIdentity: resourceId } = values;
  const scope = values.azureCredentialScope;
  return {
    service: "azure",
    account: values.azureAccountName,
    container: values.azureContainerName,
    endpoint: values.azureEndpoint || undefined,
    identity:
      resourceId !== ""
        ? { kind: "managed", resourceId, scope }
        : key === ""
          ? { kind: "default" }
          : { kind: "key", key },
  };
}

/** Opens a storage. If that fails, the sentence begins with the key to look at. */
export async function namingTheKey<T>(config: LoadedConfig, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (failure) {
    if (!(failure instanceof StorageTrouble)) throw failure;
    const { kind, message } = failure;
    const key = keysToBlame[config.values.storageType]?.[kind] ?? "storageType";
    const advice = kind === "skewed" ? "; set the clock of this machine" : "";
    throw new Error(`${placeOf(config, key)}: ${message}${advice}`, { cause: failure });
  }
}

const keysToBlame: Readonly<
  Partial<Record<StorageType, Readonly<Partial<Record<StorageTroubleKind, SettingKey>>>>>
> = {
  s3: {
    unreachable: "s3Endpoint",
    denied: "s3Key",
    misdirected: "s3Region",
    missing: "s3Bucket",
    unfit: "s3Endpoint",
  },
  minio: {
    unreachable: "minioEndpoint",
    denied: "minioKey",
    misdirected: "minioRegion",
    missing: "minioBucket",
    unfit: "minioEndpoint",
  },
  gcp: {
    unreachable: "gcpEndpoint",
    denied: "gcpJsonKey",
    missing: "gcpBucket",
    unfit: "gcpBucket",
  },
  external: { unreachable: "externalUrl" },
  mongo: { unreachable: "mongoUrl", denied: "mongoUrl", unfit: "mongoUrl" },
  azureblob: {
    unreachable: "azureAccountName",
    denied: "azureAccountKey",
    missing: "azureContainerName",
    unfit: "azureContainerName",
  },
};
