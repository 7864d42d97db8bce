// The policy, read from what was configured.

import type { Log } from "@stoa/telemetry";
import { readFilterRules } from "./adapters/filter-file/read-filter-rules.ts";
import { readDownloadRules } from "./adapters/hcl-download-file/read-download-rules.ts";
import { WebhookValidator } from "./adapters/webhook-validator/webhook-validator.ts";
import type { PolicyInForce } from "./application/apply-policy.ts";
import { RememberedVerdicts } from "./application/remember-verdicts.ts";
import type { ModulePolicy } from "./domain/policy/module-policy.ts";
import type { NetworkMode } from "./domain/policy/network-mode.ts";
import { PolicyProblems } from "./domain/policy/policy-problems.ts";
import { parseRedirectBase } from "./domain/policy/redirect-base.ts";

/** What can be chosen about the policy, in Athens' words. */
export interface PolicySettings {
  /** `sync` and its siblings, `file:PATH` or `custom:BASE64`. */
  readonly downloadMode: string;
  /** Where redirects lead; counts for the modes that are a plain word. "" means nowhere. */
  readonly downloadUrl: string;
  readonly networkMode: NetworkMode;
  readonly scope: ModulePolicy["scope"];
  /** The path of a filter file, or "". */
  readonly filterFile: string;
  /** Where the filter file's `D` leads. */
  readonly globalEndpoint: string;
  /** The URL of the validator hook, or "". */
  readonly validatorHook: string;
}

/** A policy, and what the administrator should know about it. */
export interface OpenedPolicy {
  readonly policy: ModulePolicy;
  readonly notes: readonly string[];
}

/** Reads the policy and the files that it names. Throws `PolicyProblems` with everything that is wrong. */
export function openPolicy(settings: PolicySettings): OpenedPolicy {
  const problems: string[] = [];
  const attempt = <T>(read: () => T, place = ""): T | undefined => {
    try {
      return read();
    } catch (failure) {
      if (failure instanceof PolicyProblems) problems.push(...failure.problems);
      else if (failure instanceof SyntaxError) problems.push(`${place}: ${failure.message}`);
      else throw failure;
      return undefined;
    }
  };
  const download = attempt(() => readDownloadRules(settings.downloadMode, settings.downloadUrl));
  const filter = attempt(() => readFilterRules(settings.filterFile));
  const globalEndpoint = attempt(
    () => parseRedirectBase(settings.globalEndpoint),
    "ATHENS_GLOBAL_ENDPOINT",
  );
  const validator = attempt(() => validatorHost(settings.validatorHook), "ATHENS_PROXY_VALIDATOR");
  if (download === undefined || globalEndpoint === undefined || problems.length > 0) {
    throw new PolicyProblems(problems);
  }
  const { networkMode: network, scope } = settings;
  const policy = { download: download.rules, network, filter, globalEndpoint, scope, validator };
  return { policy, notes: [...download.notes, ...doubts(policy)] };
}

/** The same, with what asks the validator. */
export function openPolicyInForce(
  settings: PolicySettings,
  parts: {
    readonly validatorTimeoutMs: number;
    readonly validatorLifetimeMs: number;
    readonly log: Log;
    readonly now: () => number;
  },
): PolicyInForce & OpenedPolicy {
  const opened = openPolicy(settings);
  const { validatorTimeoutMs: timeoutMs, validatorLifetimeMs: lifetimeMs, log, now } = parts;
  const url = settings.validatorHook;
  if (url === "") return { ...opened, verdicts: undefined };
  const validator = new WebhookValidator({ url, timeoutMs, log });
  return { ...opened, verdicts: new RememberedVerdicts(validator, { lifetimeMs, now }) };
}

/** The files that the policy is read from. */
export function policyFiles(settings: PolicySettings): readonly string[] {
  const download = /^\s*file:(.*?)\s*$/.exec(settings.downloadMode)?.[1] ?? "";
  return [download, settings.filterFile].filter((path) => path !== "");
}

function validatorHost(hook: string): string | undefined {
  if (hook === "") return undefined;
  const url = URL.parse(hook);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.host;
  throw new SyntaxError(
    `${JSON.stringify(hook)} is no address; it should look like https://validator.example/hook`,
  );
}

/** What can be used, but probably not as it was meant. */
function doubts({ download, network, validator }: ModulePolicy): readonly string[] {
  const found: string[] = [];
  const rules = [download, ...download.blocks];
  const isNowhere = rules.every(({ downloadUrl }) => downloadUrl === "");
  const redirects = rules.some(({ mode }) => mode.endsWith("redirect"));
  if (redirects && isNowhere) {
    found.push(
      "the download mode is a redirect, but no downloadURL says where to: modules that are not kept are refused; set one in the download file, or ATHENS_DOWNLOAD_URL",
    );
  }
  if (network === "offline" && validator !== undefined) {
    found.push(
      `offline nobody is asked, so the validator at ${validator} cannot allow anything and every version is refused: unset ATHENS_PROXY_VALIDATOR, or use ATHENS_NETWORK_MODE=fallback with GOPROXY=off, which asks the validator alone`,
    );
  }
  return found;
}
