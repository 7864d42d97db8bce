// What happens to a module version that is not kept: Athens' download mode, as a value.
import type { ModuleMatcher, ModulePath } from "@stoa/gomod";

/**
 * - `sync`: fetch it now, keep it, answer with it.
 * - `async`: say that it is not here, and fetch it in the background.
 * - `none`: say that it is not here.
 * - `redirect`: send the client to another proxy.
 * - `async_redirect`: send the client to another proxy, and fetch it in the background.
 */
export type DownloadMode = (typeof downloadModes)[number];

export const downloadModes = ["sync", "async", "none", "redirect", "async_redirect"] as const;

export function isDownloadMode(text: string): text is DownloadMode {
  return downloadModes.some((mode) => mode === text);
}

/** A mode with a URL, and where that was said: `download.hcl:7`. */
export interface DownloadRule {
  readonly mode: DownloadMode;
  /** An http or https URL without a slash at its end; "" where none was given. */
  readonly downloadUrl: string;
  readonly source: string;
}

/** A rule for the modules that match a pattern. */
export interface DownloadBlock extends DownloadRule {
  /** As in GOPRIVATE: path globs, separated by commas. */
  readonly pattern: string;
  /** `pattern`, ready to be asked for every request. */
  readonly matches: ModuleMatcher;
}

/** All rules: what holds for everything, and the blocks in the order of the file. */
export interface DownloadRules extends DownloadRule {
  readonly blocks: readonly DownloadBlock[];
}

/** What the rules say about one module. */
export interface DownloadDecision {
  readonly mode: DownloadMode;
  /** Where clients are sent; "" if nobody said. */
  readonly downloadUrl: string;
  /** Which rule gave the mode, in words. */
  readonly modeRule: string;
  /** Which rule gave the URL, in words; "" if none did. */
  readonly urlRule: string;
}

/**
 * The mode of the first block that matches, else that of everything. The URL is looked for separately: of the first block
 * that matches and has one, so that a block without a URL inherits that of a later one. Authority: gomods/athens,
 * pkg/download/mode.
 */
export function decideDownload(rules: DownloadRules, path: ModulePath): DownloadDecision {
  const matching = rules.blocks.filter((block) => block.matches(path));
  const ruling = matching[0] ?? rules;
  const leading = [...matching, rules].find(({ downloadUrl }) => downloadUrl !== "");
  return {
    mode: ruling.mode,
    downloadUrl: leading?.downloadUrl ?? "",
    modeRule: nameOf(ruling),
    urlRule: leading === undefined ? "" : nameOf(leading),
  };
}

function nameOf(rule: DownloadRule | DownloadBlock): string {
  return "pattern" in rule
    ? `download ${JSON.stringify(rule.pattern)} (${rule.source})`
    : rule.source;
}
