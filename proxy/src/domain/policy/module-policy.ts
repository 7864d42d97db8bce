// The policy: what is done with a request, decided in one place for all five endpoints.
import type { ModulePath } from "@stoa/gomod";
import type { FileKind } from "../module-store.ts";
import { type DownloadDecision, type DownloadRules, decideDownload } from "./download-rules.ts";
import { decideFilter, type FilterDecision, type FilterRules } from "./filter-rules.ts";
import type { NetworkMode } from "./network-mode.ts";

/** Everything that has been configured about who gets what from where. */
export interface ModulePolicy {
  readonly download: DownloadRules;
  readonly network: NetworkMode;
  readonly filter: FilterRules | undefined;
  /** Where the filter's `D` sends clients; without a slash at its end. */
  readonly globalEndpoint: string;
  /** Whether the download mode also speaks about lists and latest, or, as in Athens, about files alone. */
  readonly scope: "everywhere" | "athens";
  /** The host of the hook that is asked before a file is given out; `undefined` if there is none. */
  readonly validator: string | undefined;
}

/** The endpoints of the protocol. */
export type Endpoint = FileKind | "list" | "latest";

/** A request, as far as the policy cares. */
export interface PolicyQuestion {
  readonly endpoint: Endpoint;
  readonly path: ModulePath;
  /** A version or a query, for files. */
  readonly version: string | undefined;
}

/** Whether the module is served at all. */
export type Admission =
  | { readonly verdict: "served" }
  | { readonly verdict: "refused"; readonly why: string }
  | { readonly verdict: "elsewhere"; readonly base: string };

/**
 * What is done when it is not kept.
 * - `fetch`: ask the upstream.
 * - `queue`: say that it is absent, and fetch it in the background.
 * - `absent`: say that it is absent.
 * - `redirect`: send the client to the proxy at `base`, which may be "": nobody said where.
 */
export type OnMiss =
  | { readonly action: "fetch" | "queue" | "absent" }
  | { readonly action: "redirect"; readonly base: string; readonly queue: boolean };

/** One rule that had a say. */
export interface Reason {
  readonly topic: "filter" | "validator" | "network mode" | "download mode" | "download URL";
  readonly says: string;
}

/** What is to be done with a request, and why. */
export interface PolicyDecision {
  readonly admission: Admission;
  /** Whether the validator hook is asked before anything is given out, kept or not. */
  readonly isValidated: boolean;
  readonly network: NetworkMode;
  readonly onMiss: OnMiss;
  readonly reasons: readonly Reason[];
}

/** Decides. Depends on nothing but the policy and the question, so that an answer to the same URL may be reused. */
export function decide(policy: ModulePolicy, question: PolicyQuestion): PolicyDecision {
  const { endpoint, path, version } = question;
  const { network, filter } = policy;
  const filtered = filter && decideFilter(filter, path, version);
  const isFile = endpoint !== "list" && endpoint !== "latest";
  const isValidated = policy.validator !== undefined && isFile;
  const download = decideDownload(policy.download, path);
  const isRuled = isFile || policy.scope === "everywhere";
  const reasons: Reason[] = [];
  if (filtered !== undefined) {
    reasons.push({ topic: "filter", says: `${filtered.action} (${filtered.source})` });
  }
  if (isValidated) reasons.push(validatorReason(policy));
  reasons.push({ topic: "network mode", says: network }, ...downloadReasons(download, isRuled));
  return {
    admission: toAdmission(filtered, { policy, isValidated }),
    isValidated,
    network,
    onMiss: isRuled ? onMiss(download, network) : whileListing(network),
    reasons,
  };
}

/** Offline the validator is not asked either, and without its word nothing is given out that needs it. */
function toAdmission(
  filtered: FilterDecision | undefined,
  { policy, isValidated }: { readonly policy: ModulePolicy; readonly isValidated: boolean },
): Admission {
  if (filtered?.action === "exclude") {
    const why = `the filter file excludes it: ${filtered.action} (${filtered.source})`;
    return { verdict: "refused", why };
  }
  if (filtered?.action === "direct") return { verdict: "elsewhere", base: policy.globalEndpoint };
  if (isValidated && policy.network === "offline") {
    const why = `this proxy is offline, so the validator at ${policy.validator} is not asked whether it may be given out`;
    return { verdict: "refused", why };
  }
  return { verdict: "served" };
}

function validatorReason({ network, validator }: ModulePolicy): Reason {
  const says = network === "offline" ? `not asked at ${validator}` : `asked at ${validator}`;
  return { topic: "validator", says };
}

/** Offline nothing is fetched, neither now nor later; a redirect costs this server no request. */
function onMiss({ mode, downloadUrl }: DownloadDecision, network: NetworkMode): OnMiss {
  const isOffline = network === "offline";
  switch (mode) {
    case "sync":
      return { action: isOffline ? "absent" : "fetch" };
    case "async":
      return { action: isOffline ? "absent" : "queue" };
    case "none":
      return { action: "absent" };
    case "redirect":
      return { action: "redirect", base: downloadUrl, queue: false };
    case "async_redirect":
      return { action: "redirect", base: downloadUrl, queue: !isOffline };
  }
}

function whileListing(network: NetworkMode): OnMiss {
  return { action: network === "offline" ? "absent" : "fetch" };
}

function downloadReasons(download: DownloadDecision, isRuled: boolean): readonly Reason[] {
  if (!isRuled) {
    return [
      { topic: "download mode", says: "none of its business here (STOA_POLICY_SCOPE=athens)" },
    ];
  }
  const mode: Reason = {
    topic: "download mode",
    says: `${download.mode}, by ${download.modeRule}`,
  };
  if (!download.mode.endsWith("redirect")) return [mode];
  const says =
    download.downloadUrl === "" ? "missing" : `${download.downloadUrl}, by ${download.urlRule}`;
  return [mode, { topic: "download URL", says }];
}
