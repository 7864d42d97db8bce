// The part of the configuration that the policy is made of.
import type { PolicySettings } from "@stoa/proxy";
import type { SettingValues } from "./settings.ts";

/** What `openPolicy` reads. */
export function policySettings(values: SettingValues): PolicySettings {
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
