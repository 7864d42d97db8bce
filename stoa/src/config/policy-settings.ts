// The part of the configuration that the policy is made of.
import { openPolicy, PolicyProblems, type PolicySettings } from "@stoa/proxy";
import type { ConfigProblem } from "./load-config.ts";
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

/** What is wrong with the policy and the files that it names. */
export function policyProblems(values: SettingValues): readonly ConfigProblem[] {
  try {
    openPolicy(policySettings(values));
    return [];
  } catch (failure) {
    if (!(failure instanceof PolicyProblems)) throw failure;
    return failure.problems.map((problem) => {
      const end = problem.indexOf(": ");
      return { at: problem.slice(0, end), message: problem.slice(end + 2) };
    });
  }
}
