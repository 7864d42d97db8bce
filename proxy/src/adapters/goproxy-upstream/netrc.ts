// The user's .netrc file: names and passwords by machine.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** What to log in with at one machine. */
export interface NetrcEntry {
  readonly machine: string;
  readonly login: string;
  readonly password: string;
}

/** Where credentials come from. */
export interface CredentialSource {
  /** The file with credentials; `undefined` means `.netrc` in the home folder. */
  readonly netrcPath: string | undefined;
  /** A token for github.com, which counts before the file. */
  readonly githubToken?: string | undefined;
}

/** All credentials of a source. Rejects as `readNetrc` does. */
export async function readCredentials(source: CredentialSource): Promise<readonly NetrcEntry[]> {
  const { netrcPath, githubToken } = source;
  const entries = await readNetrc(netrcPath);
  if (githubToken === undefined) return entries;
  // The user name that GitHub documents for tokens of every kind.
  return [{ machine: "github.com", login: "x-access-token", password: githubToken }, ...entries];
}

/**
 * Reads the entries that are complete. Authority: cmd/go auth.parseNetrc, with its choices: words come in pairs within
 * a line, a line that ends in a lone `default` ends the file, a macro runs to the next empty line.
 */
export function parseNetrc(text: string): readonly NetrcEntry[] {
  const entries: NetrcEntry[] = [];
  let current: Partial<NetrcEntry> = {};
  for (const [key, value] of wordsOf(text)) {
    if (key === "machine") current = { machine: value };
    if (key === "login" || key === "password") current = { ...current, [key]: value };
    if (isComplete(current)) {
      entries.push(current);
      current = {};
    }
  }
  return entries;
}

/**
 * The entries of the file at `path`, or of `.netrc` in the home folder. That one may be missing or unreadable, as for the
 * go command, and then has none; a file that was named must be readable. Rejects with `upstream_unavailable` if not.
 */
export async function readNetrc(path: string | undefined): Promise<readonly NetrcEntry[]> {
  try {
    return parseNetrc(await readFile(path ?? join(homedir(), ".netrc"), "utf8"));
  } catch (cause) {
    if (path === undefined) return [];
    throw new ProxyFailure(
      "upstream_unavailable",
      `the file ${path} with the credentials for upstream proxies cannot be read`,
      { cause },
    );
  }
}

/** The words that count, in pairs. */
function* wordsOf(text: string): Generator<readonly [key: string, value: string]> {
  let inMacro = false;
  for (const line of text.split("\n").map((written) => written.trim())) {
    if (inMacro) {
      inMacro = line !== "";
      continue;
    }
    const words = line.split(/\s+/);
    const pairs = pairsOf(words);
    yield* pairs;
    inMacro = pairs.some(([key]) => key === "macdef");
    if (words.length % 2 === 1 && words.at(-1) === "default") return;
  }
}

function pairsOf(words: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < words.length; i += 2) pairs.push([words[i] ?? "", words[i + 1] ?? ""]);
  return pairs;
}

function isComplete(entry: Partial<NetrcEntry>): entry is NetrcEntry {
  return Boolean(entry.machine && entry.login && entry.password);
}
