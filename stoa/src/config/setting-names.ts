// Under which names a key is found, in the environment and in a file.
import type { Setting } from "./setting.ts";

/**
 * The names in the environment in the order in which they count. Athens' library looks for every key of Athens under its
 * tables and prefix first: `ATHENS_STORAGE_S3_AWS_REGION` before `AWS_REGION` (kelseyhightower/envconfig, Process).
 */
export function environmentNames(setting: Setting<unknown>): readonly string[] {
  const [first] = setting.environment;
  if (first === undefined || first.startsWith("STOA_")) return setting.environment;
  const tables = setting.name.toUpperCase().split(".").slice(0, -1);
  return [["ATHENS", ...tables, first].join("_"), ...setting.environment];
}

/** The name under which a file's entries are found. */
export function fileName(setting: Setting<unknown>): string {
  return setting.name.toLowerCase();
}
