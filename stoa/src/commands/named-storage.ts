// A storage that the user names by a word: `s3:BUCKET`, `mongo:`, `config:FILE`.
import type { StorageSettings } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { missingFor } from "../config/consistency.ts";
import type { SettingKey, SettingValues } from "../config/settings.ts";
import { storageSettings } from "./storage-settings.ts";

/** What stands behind the word, by the key that holds it otherwise. */
const keys = {
  s3: "s3Bucket",
  minio: "minioBucket",
  gcp: "gcpBucket",
  azureblob: "azureContainerName",
  mongo: "mongoDatabase",
  external: "externalUrl",
} as const satisfies Partial<Record<SettingValues["storageType"], SettingKey>>;

/**
 * The storage that is meant; what names none is given back as it was written. Whatever is not said behind the word is as the
 * configuration has it, or the other file, for which no variable counts. Throws a sentence.
 */
export function namedStorage(
  written: string,
  values: SettingValues,
  { folder }: Pick<ConfigurationPlace, "folder">,
): StorageSettings | string {
  const [, word = "", rest = ""] = /^([a-z0-9]+):(.*)$/i.exec(written) ?? [];
  const type = word.toLowerCase();
  if (type === "config") return storageOfFile(rest, values, folder);
  if (!isRemote(type)) return written;
  const meant = { ...values, storageType: type, ...(rest !== "" && { [keys[type]]: rest }) };
  requireKeys(written, meant);
  return storageSettings({ values: meant });
}

function storageOfFile(file: string, own: SettingValues, folder: string): StorageSettings {
  const { values, problems } = readConfiguration({ environment: {}, file, folder });
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${problem.at}: ${problem.message}`);
  requireKeys(`config:${file}`, values);
  // What arrives is spooled where this program has its own files.
  return storageSettings({ values: { ...values, localFolder: own.localFolder } });
}

function isRemote(word: string): word is keyof typeof keys {
  return Object.hasOwn(keys, word);
}

function requireKeys(written: string, values: SettingValues): void {
  const [missing] = missingFor(values.storageType, values);
  if (missing !== undefined) throw new Error(`${written}: ${missing} must be set`);
}
