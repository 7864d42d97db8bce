// What several keys say together.
import type { ConfigProblem } from "./config-file.ts";
import { type LoadedConfig, settingOf } from "./load-config.ts";
import type { SettingKey, SettingValues } from "./settings.ts";

/** Keys of which one is worth nothing, or is dangerous, without the other. */
const pairs: readonly (readonly [one: SettingKey, other: SettingKey, why: string])[] = [
  ["tlsCertFile", "tlsKeyFile", "TLS needs both"],
  [
    "externalStoragePath",
    "externalStorageToken",
    "without a token everybody could put modules into the storage",
  ],
  ["githubAppId", "githubAppKey", "an app proves who it is with its key"],
  ["basicAuthUser", "basicAuthPass", "with one of them alone everybody would be let in"],
];

/** What a storage cannot be opened without. */
const neededBy: Readonly<Partial<Record<SettingValues["storageType"], readonly SettingKey[]>>> = {
  s3: ["s3Bucket"],
  minio: ["minioEndpoint", "minioBucket", "minioKey", "minioSecret"],
  gcp: ["gcpBucket"],
  azureblob: ["azureAccountName", "azureContainerName"],
  mongo: ["mongoUrl"],
  external: ["externalUrl"],
};

/** The storages that clients can read by a signed URL. */
const linking: readonly SettingValues["storageType"][] = ["s3", "minio", "gcp", "azureblob"];

/** What instances cannot agree by without. */
const neededToAgree: Readonly<
  Partial<Record<SettingValues["singleFlightType"], readonly SettingKey[]>>
> = {
  gcp: ["gcpBucket"],
  azureblob: ["azureAccountName", "azureContainerName"],
};

/** Values that are right by themselves, and wrong beside others. */
interface Contradiction {
  readonly at: SettingKey;
  readonly message: (values: SettingValues) => string;
  readonly isIn: (values: SettingValues) => boolean;
}

const contradictions: readonly Contradiction[] = [
  {
    at: "webhookUrls",
    message: () =>
      "WebhookSecret (STOA_WEBHOOK_SECRET) must be set as well: without a signature nobody can tell who sends the notices",
    isIn: ({ webhookUrls, webhookSecret }) => webhookUrls.length > 0 && webhookSecret === "",
  },
  {
    at: "retainEverySeconds",
    message: () =>
      "it needs a rule: RetainAgeDays, RetainUnusedDays or RetainSize (STOA_RETAIN_AGE_DAYS, STOA_RETAIN_UNUSED_DAYS, STOA_RETAIN_SIZE)",
    isIn: ({ retainEverySeconds, retainAgeDays, retainUnusedDays, retainMebibytes }) =>
      retainEverySeconds > 0 && retainAgeDays + retainUnusedDays + retainMebibytes === 0,
  },
  {
    at: "diskRoot",
    message: () => "with StorageType disk it must name the folder in which modules are kept",
    isIn: ({ storageType, diskRoot }) => storageType === "disk" && diskRoot.trim() === "",
  },
  {
    at: "zipRedirect",
    message: ({ storageType }) =>
      `StorageType is ${storageType}, and only ${linking.join(", ")} can hand out URLs of zips`,
    isIn: ({ zipRedirect, storageType }) => zipRedirect && !linking.includes(storageType),
  },
  {
    at: "externalUrl",
    message: () => "it must be a URL that begins with http:// or https://",
    isIn: ({ externalUrl }) =>
      externalUrl !== "" && !/^https?:$/.test(URL.parse(externalUrl)?.protocol ?? ""),
  },
  {
    at: "adminApi",
    message: () =>
      "AdminToken (STOA_ADMIN_TOKEN), or BasicAuthUser and BasicAuthPass, must be set as well: without them everybody would be an administrator",
    isIn: ({ adminApi, adminToken, basicAuthUser }) =>
      adminApi && adminToken === "" && basicAuthUser === "",
  },
];

/** Everything that is wrong although each key by itself is right. */
export function* findContradictions(config: LoadedConfig): Generator<ConfigProblem> {
  const { values } = config;
  for (const [one, other, why] of pairs) {
    const isOneSet = values[one] !== "";
    if (isOneSet === (values[other] !== "")) continue;
    const [given, missing] = isOneSet ? [one, other] : [other, one];
    const { name, environment } = settingOf(missing);
    const message = `${name} (${environment[0]}) must be set as well: ${why}`;
    yield { at: placeOf(config, given), message };
  }
  yield* missing(config, "storageType", neededBy[values.storageType]);
  yield* missing(config, "singleFlightType", neededToAgree[values.singleFlightType]);
  for (const { at, message, isIn } of contradictions) {
    if (isIn(values)) yield { at: placeOf(config, at), message: message(values) };
  }
}

/** The names of the keys without which a storage cannot be opened, as far as they are not set. */
export function missingFor(
  type: SettingValues["storageType"],
  values: SettingValues,
): readonly string[] {
  return namesOfUnset(neededBy[type], values);
}

function namesOfUnset(keys: readonly SettingKey[] = [], values: SettingValues): readonly string[] {
  return keys
    .filter((key) => values[key] === "")
    .map((key) => `${settingOf(key).name} (${settingOf(key).environment[0]})`);
}

function* missing(
  config: LoadedConfig,
  chosen: "storageType" | "singleFlightType",
  needed: readonly SettingKey[] | undefined,
): Generator<ConfigProblem> {
  for (const name of namesOfUnset(needed, config.values)) {
    const message = `it is ${config.values[chosen]}, so ${name} must be set`;
    yield { at: placeOf(config, chosen), message };
  }
}

/** How a key is named in a message about its value: by where that came from. */
export function placeOf({ sources }: LoadedConfig, key: SettingKey): string {
  const source = sources.get(key);
  if (source === undefined) return settingOf(key).name;
  return source.includes(":") ? `${source}: ${settingOf(key).name}` : source;
}
