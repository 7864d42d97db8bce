// The configuration in the words of what keeps the store in bounds.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";

export const dayMs = 86_400_000;

/** What retention, the trash and the watch over the disk are told. */
export function housekeepingSettings({
  values,
  go,
}: Configuration): ModuleProxySettings["housekeeping"] {
  const privateLists = [go.goprivate, go.noproxy, go.nosumdb, ...values.noSumPatterns];
  return {
    rules: {
      ageMs: values.retainAgeDays * dayMs,
      unusedMs: values.retainUnusedDays * dayMs,
      mostBytes: values.retainMebibytes * 2 ** 20,
      protect: values.retainProtect.join(","),
      private: privateLists.filter((patterns) => patterns !== "").join(","),
      even: new Set(values.retainEven),
    },
    everyMs: values.retainEverySeconds * 1000,
    trashMs: values.trashDays * dayMs,
    quotaBytes: values.diskQuotaMebibytes * 2 ** 20,
    evicts: values.diskEvict,
  };
}
