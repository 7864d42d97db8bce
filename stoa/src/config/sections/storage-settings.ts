// The keys about where modules are kept.
import { choiceSetting, numberSetting, switchSetting, textSetting } from "../setting.ts";
import { externalStorageSettings } from "./external-storage-settings.ts";

export const storageSettings = {
  storageType: choiceSetting({
    name: "StorageType",
    environment: ["ATHENS_STORAGE_TYPE"],
    default: "disk",
    choices: ["disk", "memory", "s3", "minio", "gcp", "azureblob", "mongo", "external"],
    meaning:
      "Where modules are kept, in Athens' layout; memory forgets them at the end. See docs/storage.md.",
  }),
  localFolder: textSetting({
    name: "LocalFolder",
    environment: ["STOA_LOCAL_FOLDER"],
    default: "./data",
    meaning:
      "Where this instance keeps what is its own while the modules are kept elsewhere: zips that are arriving, its queue, its index. With disk storage that is Storage.Disk.RootPath. Two instances must not share it.",
  }),
  zipCache: textSetting({
    name: "ZipCache",
    environment: ["STOA_ZIP_CACHE"],
    default: "",
    meaning:
      "A folder of this machine in which zips of a storage elsewhere are kept for the next who asks. It is this instance's own, and may be emptied at any time. Empty: none are.",
  }),
  zipCacheMebibytes: numberSetting({
    name: "ZipCacheSize",
    environment: ["STOA_ZIP_CACHE_SIZE"],
    default: 10_240,
    unit: "mebibytes",
    least: 1,
    meaning: "How much they may take; what was not used for the longest time goes first.",
  }),
  zipRedirect: switchSetting({
    name: "ZipRedirect",
    environment: ["STOA_ZIP_REDIRECT"],
    default: false,
    meaning:
      "Whether clients get zips of public modules straight from s3, minio, gcp or azureblob, by a redirect to a signed URL. They must be able to reach it.",
  }),
  zipRedirectSeconds: numberSetting({
    name: "ZipRedirectTTL",
    environment: ["STOA_ZIP_REDIRECT_TTL"],
    default: 300,
    unit: "seconds",
    least: 1,
    meaning: "How long such a URL is good for: a download must have begun by then.",
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
  }),
  gcpBucket: textSetting({
    name: "Storage.GCP.Bucket",
    environment: ["ATHENS_STORAGE_GCP_BUCKET"],
    default: "",
    meaning: "The bucket, which must exist.",
  }),
  gcpJsonKey: textSetting({
    name: "Storage.GCP.JSONKey",
    environment: ["ATHENS_STORAGE_GCP_JSON_KEY"],
    default: "",
    secret: true,
    meaning: "Credentials as JSON in base64. Empty means those of the machine.",
  }),
  gcpEndpoint: textSetting({
    name: "Storage.GCP.Endpoint",
    environment: ["STOA_GCP_ENDPOINT"],
    default: "",
    meaning:
      "The URL of a server that speaks the protocol of Google Cloud Storage. With http: it is spoken to without credentials.",
  }),
  minioEndpoint: textSetting({
    name: "Storage.Minio.Endpoint",
    environment: ["ATHENS_MINIO_ENDPOINT"],
    default: "",
    meaning: "Host and port of MinIO, or its URL.",
  }),
  minioKey: textSetting({
    name: "Storage.Minio.Key",
    environment: ["ATHENS_MINIO_ACCESS_KEY_ID"],
    default: "",
    secret: true,
    meaning: "The access key.",
  }),
  minioSecret: textSetting({
    name: "Storage.Minio.Secret",
    environment: ["ATHENS_MINIO_SECRET_ACCESS_KEY"],
    default: "",
    secret: true,
    meaning: "The secret key.",
  }),
  minioBucket: textSetting({
    name: "Storage.Minio.Bucket",
    environment: ["ATHENS_MINIO_BUCKET_NAME"],
    default: "",
    meaning: "The bucket; it is created if it is missing.",
  }),
  minioRegion: textSetting({
    name: "Storage.Minio.Region",
    environment: ["ATHENS_MINIO_REGION"],
    default: "",
    meaning: "The region.",
  }),
  minioEnableSsl: switchSetting({
    name: "Storage.Minio.EnableSSL",
    environment: ["ATHENS_MINIO_USE_SSL"],
    default: false,
    meaning: "Whether MinIO is spoken to over TLS.",
  }),
  mongoUrl: textSetting({
    name: "Storage.Mongo.URL",
    environment: ["ATHENS_MONGO_STORAGE_URL"],
    default: "",
    meaning: "The connection string.",
  }),
  mongoDatabase: textSetting({
    name: "Storage.Mongo.DefaultDBName",
    environment: ["ATHENS_MONGO_DEFAULT_DATABASE"],
    default: "athens",
    meaning: "The database.",
  }),
  mongoCollection: textSetting({
    name: "Storage.Mongo.DefaultCollectionName",
    environment: ["ATHENS_MONGO_DEFAULT_COLLECTION"],
    default: "modules",
    meaning: "The collection.",
  }),
  mongoCertPath: textSetting({
    name: "Storage.Mongo.CertPath",
    environment: ["ATHENS_MONGO_CERT_PATH"],
    default: "",
    meaning: "Certificates to trust, as PEM.",
  }),
  mongoInsecure: switchSetting({
    name: "Storage.Mongo.InsecureConn",
    environment: ["ATHENS_MONGO_INSECURE"],
    default: false,
    meaning: "Whether the server's certificate is left unchecked.",
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
    meaning: "The region. Empty: as AWS's own programs find it; us-east-1 where Endpoint is set.",
  }),
  s3Key: textSetting({
    name: "Storage.S3.Key",
    environment: ["AWS_ACCESS_KEY_ID"],
    default: "",
    secret: true,
    meaning: "The access key.",
  }),
  s3Secret: textSetting({
    name: "Storage.S3.Secret",
    environment: ["AWS_SECRET_ACCESS_KEY"],
    default: "",
    secret: true,
    meaning: "The secret key.",
  }),
  s3Token: textSetting({
    name: "Storage.S3.Token",
    environment: ["AWS_SESSION_TOKEN"],
    default: "",
    secret: true,
    meaning: "The session token.",
  }),
  s3Bucket: textSetting({
    name: "Storage.S3.Bucket",
    environment: ["ATHENS_S3_BUCKET_NAME"],
    default: "",
    meaning: "The bucket, which must exist.",
  }),
  s3UseDefaultConfiguration: switchSetting({
    name: "Storage.S3.UseDefaultConfiguration",
    environment: ["AWS_USE_DEFAULT_CONFIGURATION"],
    default: false,
    meaning:
      "Whether credentials are looked for wherever AWS's own programs look, even if Key and Secret are set. Without Key and CredentialsEndpoint they always are.",
  }),
  s3ForcePathStyle: switchSetting({
    name: "Storage.S3.ForcePathStyle",
    environment: ["AWS_FORCE_PATH_STYLE"],
    default: false,
    meaning: "Whether the bucket is part of the path instead of the host name.",
  }),
  s3CredentialsEndpoint: textSetting({
    name: "Storage.S3.CredentialsEndpoint",
    environment: ["AWS_CREDENTIALS_ENDPOINT"],
    default: "",
    meaning:
      "A URL that gives out credentials, as in containers of AWS. Asked before Key and Secret are used.",
  }),
  s3ContainerCredentialsUri: textSetting({
    name: "Storage.S3.AwsContainerCredentialsRelativeURI",
    environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
    default: "",
    meaning: "What is added to CredentialsEndpoint.",
  }),
  s3Endpoint: textSetting({
    name: "Storage.S3.Endpoint",
    environment: ["AWS_ENDPOINT"],
    default: "",
    meaning: "The URL of a server that speaks S3's protocol.",
  }),
  azureAccountName: textSetting({
    name: "Storage.AzureBlob.AccountName",
    environment: ["ATHENS_AZURE_ACCOUNT_NAME"],
    default: "",
    meaning: "The storage account.",
  }),
  azureAccountKey: textSetting({
    name: "Storage.AzureBlob.AccountKey",
    environment: ["ATHENS_AZURE_ACCOUNT_KEY"],
    default: "",
    secret: true,
    meaning:
      "The account's key. Without it and without a managed identity: what the environment, the workload or the machine offers.",
  }),
  azureManagedIdentity: textSetting({
    name: "Storage.AzureBlob.ManagedIdentityResourceId",
    environment: ["ATHENS_AZURE_MANAGED_IDENTITY_RESOURCE_ID"],
    default: "",
    meaning: "A managed identity to use instead of the key, with CredentialScope.",
  }),
  azureCredentialScope: textSetting({
    name: "Storage.AzureBlob.CredentialScope",
    environment: ["ATHENS_AZURE_CREDENTIAL_SCOPE"],
    default: "",
    meaning: "The scope that is asked for with the managed identity.",
  }),
  azureContainerName: textSetting({
    name: "Storage.AzureBlob.ContainerName",
    environment: ["ATHENS_AZURE_CONTAINER_NAME"],
    default: "",
    meaning: "The container, which must exist.",
  }),
  azureEndpoint: textSetting({
    name: "Storage.AzureBlob.Endpoint",
    environment: ["STOA_AZURE_ENDPOINT"],
    default: "",
    meaning:
      "The URL of the account's blobs. Empty: https://ACCOUNT.blob.core.windows.net, the public cloud.",
  }),
  externalUrl: textSetting({
    name: "Storage.External.URL",
    environment: ["ATHENS_EXTERNAL_STORAGE_URL"],
    default: "",
    meaning: "The URL of a server that speaks Athens' protocol for storages.",
  }),
  ...externalStorageSettings,
  cdnEndpoint: textSetting({
    name: "Storage.CDN.Endpoint",
    environment: ["CDN_ENDPOINT"],
    default: "",
    meaning: "A key of older versions of Athens.",
    idle: "Athens does not read it either",
  }),
} as const;
