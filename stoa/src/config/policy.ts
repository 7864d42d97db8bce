// The part of the configuration that the policy is made of.
import { openPolicy, PolicyProblems, type PolicySettings } from "@stoa/proxy";
import type { ConfigProblem } from "./config-file.ts";
import { placeOf } from "./consistency.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { SettingKey, SettingValues } from "./settings.ts";

/** What `openPolicy` reads. */
export function policyOf(values: SettingValues): PolicySettings {
  return {
    downloadMode: values.downloadMode,
    downloadUrl: values.downloadUrl,
    networkMode: values.networkMode,
    scope: values.policyScope,
    filterFile: values.filterFile,
    globalEndpoint: values.globalEndpoint,
    validatorHook: values.validatorHook,
  };
}

/** The keys that the policy is made of. */
export const policyKeys = [
  "downloadMode",
  "downloadUrl",
  "networkMode",
  "policyScope",
  "filterFile",
  "globalEndpoint",
  "validatorHook",
] as const satisfies readonly SettingKey[];

/** The keys that a problem names by their variables. */
const keysByVariable: Readonly<Record<string, SettingKey>> = {
  ATHENS_DOWNLOAD_MODE: "downloadMode",
  ATHENS_DOWNLOAD_URL: "downloadUrl",
  ATHENS_FILTER_FILE: "filterFile",
  ATHENS_GLOBAL_ENDPOINT: "globalEndpoint",
  ATHENS_PROXY_VALIDATOR: "validatorHook",
};

/** What is wrong with the policy and the files that it names, each with its place. */
export function checkPolicy(config: LoadedConfig): readonly ConfigProblem[] {
  try {
    openPolicy(policyOf(config.values));
    return [];
  } catch (failure) {
    if (!(failure instanceof PolicyProblems)) throw failure;
    return failure.problems.map((problem) => {
      const end = problem.indexOf(": ");
      const at = problem.slice(0, end);
      const key = keysByVariable[at];
      return {
        at: key === undefined ? at : placeOf(config, key),
        message: problem.slice(end + 2),
      };
    });
  }
}
