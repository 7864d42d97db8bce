// The keys about where modules are kept.
import { parsePathPrefix } from "../path-prefix.ts";
import {
  choiceSetting,
  parsedSetting,
  RefusedValue,
  switchSetting,
  textSetting,
} from "../setting.ts";

/** A key of a storage that Stoa does not have so far: read and checked, so that a whole file of Athens' passes. */
function ofStorage(type: string): { readonly idle: string } {
  return { idle: `it is for StorageType ${type}, which is not available yet` };
}

export const storageSettings = {
  storageType: choiceSetting({
    name: "StorageType",
    environment: ["ATHENS_STORAGE_TYPE"],
    default: "disk",
    choices: ["disk", "memory"],
    later: ["mongo", "gcp", "minio", "s3", "azureblob", "external"],
    meaning:
      "Where modules are kept: disk, in Athens' layout, or memory, which forgets them at the end.",
  }),
  diskRoot: textSetting({
    name: "Storage.Disk.RootPath",
    environment: ["ATHENS_DISK_STORAGE_ROOT"],
    default: "./data",
    meaning: "The folder of the disk storage. It is created if it is missing.",
  }),
  gcpProjectId: textSetting({
    name: "Storage.GCP.ProjectID",
    environment: ["GOOGLE_CLOUD_PROJECT"],
    default: "",
    meaning: "The project of the bucket.",
    ...ofStorage("gcp"),
  }),
  gcpBucket: textSetting({
    name: "Storage.GCP.Bucket",
    environment: ["ATHENS_STORAGE_GCP_BUCKET"],
    default: "",
    meaning: "The bucket, which must exist.",
    ...ofStorage("gcp"),
  }),
  gcpJsonKey: textSetting({
    name: "Storage.GCP.JSONKey",
    environment: ["ATHENS_STORAGE_GCP_JSON_KEY"],
    default: "",
    secret: true,
    meaning: "Credentials as JSON in base64. Empty means those of the machine.",
    ...ofStorage("gcp"),
  }),
  minioEndpoint: textSetting({
    name: "Storage.Minio.Endpoint",
    environment: ["ATHENS_MINIO_ENDPOINT"],
    default: "",
    meaning: "Host and port of MinIO.",
    ...ofStorage("minio"),
  }),
  minioKey: textSetting({
    name: "Storage.Minio.Key",
    environment: ["ATHENS_MINIO_ACCESS_KEY_ID"],
    default: "",
    secret: true,
    meaning: "The access key.",
    ...ofStorage("minio"),
  }),
  minioSecret: textSetting({
    name: "Storage.Minio.Secret",
    environment: ["ATHENS_MINIO_SECRET_ACCESS_KEY"],
    default: "",
    secret: true,
    meaning: "The secret key.",
    ...ofStorage("minio"),
  }),
  minioBucket: textSetting({
    name: "Storage.Minio.Bucket",
    environment: ["ATHENS_MINIO_BUCKET_NAME"],
    default: "",
    meaning: "The bucket; it is created if it is missing.",
    ...ofStorage("minio"),
  }),
  minioRegion: textSetting({
    name: "Storage.Minio.Region",
    environment: ["ATHENS_MINIO_REGION"],
    default: "",
    meaning: "The region.",
    ...ofStorage("minio"),
  }),
  minioEnableSsl: switchSetting({
    name: "Storage.Minio.EnableSSL",
    environment: ["ATHENS_MINIO_USE_SSL"],
    default: false,
    meaning: "Whether MinIO is spoken to over TLS.",
    ...ofStorage("minio"),
  }),
  mongoUrl: textSetting({
    name: "Storage.Mongo.URL",
    environment: ["ATHENS_MONGO_STORAGE_URL"],
    default: "",
    meaning: "The connection string.",
    ...ofStorage("mongo"),
  }),
  mongoDatabase: textSetting({
    name: "Storage.Mongo.DefaultDBName",
    environment: ["ATHENS_MONGO_DEFAULT_DATABASE"],
    default: "athens",
    meaning: "The database.",
    ...ofStorage("mongo"),
  }),
  mongoCollection: textSetting({
    name: "Storage.Mongo.DefaultCollectionName",
    environment: ["ATHENS_MONGO_DEFAULT_COLLECTION"],
    default: "modules",
    meaning: "The collection.",
    ...ofStorage("mongo"),
  }),
  mongoCertPath: textSetting({
    name: "Storage.Mongo.CertPath",
    environment: ["ATHENS_MONGO_CERT_PATH"],
    default: "",
    meaning: "Certificates to trust, as PEM.",
    ...ofStorage("mongo"),
  }),
  mongoInsecure: switchSetting({
    name: "Storage.Mongo.InsecureConn",
    environment: ["ATHENS_MONGO_INSECURE"],
    default: false,
    meaning: "Whether the server's certificate is left unchecked.",
    ...ofStorage("mongo"),
  }),
  mongoInsecureName: switchSetting({
    name: "Storage.Mongo.Insecure",
    environment: [],
    default: false,
    meaning: "A name that Athens' sample file has for InsecureConn.",
    idle: "Athens never read it; the name is InsecureConn",
  }),
  s3Region: textSetting({
    name: "Storage.S3.Region",
    environment: ["AWS_REGION"],
    default: "",
    meaning: "The region.",
    ...ofStorage("s3"),
  }),
  s3Key: textSetting({
    name: "Storage.S3.Key",
    environment: ["AWS_ACCESS_KEY_ID"],
    default: "",
    secret: true,
    meaning: "The access key.",
    ...ofStorage("s3"),
  }),
  s3Secret: textSetting({
    name: "Storage.S3.Secret",
    environment: ["AWS_SECRET_ACCESS_KEY"],
    default: "",
    secret: true,
    meaning: "The secret key.",
    ...ofStorage("s3"),
  }),
  s3Token: textSetting({
    name: "Storage.S3.Token",
    environment: ["AWS_SESSION_TOKEN"],
    default: "",
    secret: true,
    meaning: "The session token.",
    ...ofStorage("s3"),
  }),
  s3Bucket: textSetting({
    name: "Storage.S3.Bucket",
    environment: ["ATHENS_S3_BUCKET_NAME"],
    default: "",
    meaning: "The bucket, which must exist.",
    ...ofStorage("s3"),
  }),
  s3UseDefaultConfiguration: switchSetting({
    name: "Storage.S3.UseDefaultConfiguration",
    environment: ["AWS_USE_DEFAULT_CONFIGURATION"],
    default: false,
    meaning: "Whether credentials are looked for wherever AWS's own programs look.",
    ...ofStorage("s3"),
  }),
  s3ForcePathStyle: switchSetting({
    name: "Storage.S3.ForcePathStyle",
    environment: ["AWS_FORCE_PATH_STYLE"],
    default: false,
    meaning: "Whether the bucket is part of the path instead of the host name.",
    ...ofStorage("s3"),
  }),
  s3CredentialsEndpoint: textSetting({
    name: "Storage.S3.CredentialsEndpoint",
    environment: ["AWS_CREDENTIALS_ENDPOINT"],
    default: "",
    meaning: "A URL that gives out credentials.",
    ...ofStorage("s3"),
  }),
  s3ContainerCredentialsUri: textSetting({
    name: "Storage.S3.AwsContainerCredentialsRelativeURI",
    environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
    default: "",
    meaning: "What is added to CredentialsEndpoint.",
    ...ofStorage("s3"),
  }),
  s3Endpoint: textSetting({
    name: "Storage.S3.Endpoint",
    environment: ["AWS_ENDPOINT"],
    default: "",
    meaning: "The URL of a server that speaks S3's protocol.",
    ...ofStorage("s3"),
  }),
  azureAccountName: textSetting({
    name: "Storage.AzureBlob.AccountName",
    environment: ["ATHENS_AZURE_ACCOUNT_NAME"],
    default: "",
    meaning: "The storage account.",
    ...ofStorage("azureblob"),
  }),
  azureAccountKey: textSetting({
    name: "Storage.AzureBlob.AccountKey",
    environment: ["ATHENS_AZURE_ACCOUNT_KEY"],
    default: "",
    secret: true,
    meaning: "The account's key.",
    ...ofStorage("azureblob"),
  }),
  azureManagedIdentity: textSetting({
    name: "Storage.AzureBlob.ManagedIdentityResourceId",
    environment: ["ATHENS_AZURE_MANAGED_IDENTITY_RESOURCE_ID"],
    default: "",
    meaning: "A managed identity to use instead of the key, with CredentialScope.",
    ...ofStorage("azureblob"),
  }),
  azureCredentialScope: textSetting({
    name: "Storage.AzureBlob.CredentialScope",
    environment: ["ATHENS_AZURE_CREDENTIAL_SCOPE"],
    default: "",
    meaning: "The scope that is asked for with the managed identity.",
    ...ofStorage("azureblob"),
  }),
  azureContainerName: textSetting({
    name: "Storage.AzureBlob.ContainerName",
    environment: ["ATHENS_AZURE_CONTAINER_NAME"],
    default: "",
    meaning: "The container, which must exist.",
    ...ofStorage("azureblob"),
  }),
  externalUrl: textSetting({
    name: "Storage.External.URL",
    environment: ["ATHENS_EXTERNAL_STORAGE_URL"],
    default: "",
    meaning: "The URL of a server that speaks Athens' protocol for storages.",
    ...ofStorage("external"),
  }),
  externalStoragePath: parsedSetting({
    name: "ExternalStoragePath",
    environment: ["STOA_EXTERNAL_STORAGE_PATH"],
    default: "",
    meaning:
      "The path, such as /storage, below which a running Athens may keep its modules here: its ATHENS_EXTERNAL_STORAGE_URL is https://USER:TOKEN@HOST/storage. Empty means nowhere.",
    kind: "path",
    parse: parseStoragePath,
    print: (value) => value,
  }),
  externalStorageUser: textSetting({
    name: "ExternalStorageUser",
    environment: ["STOA_EXTERNAL_STORAGE_USER"],
    default: "athens",
    meaning: "The user name that such an Athens brings.",
  }),
  externalStorageToken: textSetting({
    name: "ExternalStorageToken",
    environment: ["STOA_EXTERNAL_STORAGE_TOKEN"],
    default: "",
    secret: true,
    meaning: "The password that belongs to it; alone, it is taken as a bearer token.",
  }),
  cdnEndpoint: textSetting({
    name: "Storage.CDN.Endpoint",
    environment: ["CDN_ENDPOINT"],
    default: "",
    meaning: "A key of older versions of Athens.",
    idle: "Athens does not read it either",
  }),
} as const;

/** No module has a path like it, for their first elements have a dot; and no page of ours has. */
function parseStoragePath(text: string): string {
  const path = parsePathPrefix(text);
  const [, first = ""] = path.split("/");
  if (!first.includes(".") && !["sumdb", "cached-only", "api"].includes(first)) return path;
  throw new RefusedValue(
    `${JSON.stringify(text)} is in use by the proxy: take another, such as /storage`,
  );
}
