// Goes the way to a module's repository step by step, and says in words how far it gets.
import { readdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { ModulePath } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { AccessFinding, AccessStep } from "../../domain/repository/access-finding.ts";
import type { HostCredentials } from "../../domain/repository/host-credentials.ts";
import type { RepositoryRefs } from "../../domain/repository/repository-refs.ts";
import type { FoundPlace, RepositoryFinder } from "./discovery/repository-finder.ts";
import type { MirrorFolder } from "./mirror/mirror-folder.ts";

export interface AccessCheckParts {
  readonly gitComplaint: () => Promise<string | undefined>;
  readonly finder: RepositoryFinder;
  readonly mirrors: MirrorFolder;
  readonly credentials: HostCredentials;
  readonly environment: Readonly<Record<string, string>>;
  /** The version that is the latest. */
  readonly latest: () => Promise<string>;
  readonly nowMs: () => number;
}

/** Rejects only with the signal's reason, or for a mistake of this program. */
export async function* checkAccess(
  parts: AccessCheckParts,
  path: ModulePath,
  signal: AbortSignal,
): AsyncGenerator<AccessFinding> {
  const complaint = await parts.gitComplaint();
  yield finding("git", complaint === undefined, complaint ?? "there is a git program to ask with");
  if (complaint !== undefined) return;

  const found = await orSentence(parts.finder.find(path, signal), signal);
  if (typeof found === "string") {
    yield finding("place", false, found);
    return;
  }
  yield aboutPlace(found);
  const { system, urls } = found.place;
  if (system !== "git" && system !== "mod") return;
  if (system === "git" && !(yield* aboutRepository(parts, found, urls, signal))) return;

  const latest = await orSentence(
    parts.latest().then((version) => ({ version })),
    signal,
  );
  yield typeof latest === "string"
    ? finding("module", false, latest)
    : finding("module", true, `its latest version is ${latest.version}`);
}

function finding(step: AccessStep, works: boolean, sentence: string): AccessFinding {
  return { step, works, sentence };
}

function aboutPlace({ place, reach }: FoundPlace): AccessFinding {
  const { system, urls, root, directory } = place;
  const inside = directory === "" ? "" : `, in its directory ${directory}`;
  const privately = reach.isPrivate ? "" : "; it may only have public addresses";
  switch (system) {
    case "git":
      return finding("place", true, `${root} is ${urls.join(" or ")}${inside}${privately}`);
    case "mod":
      return finding("place", true, `${root} is kept in the module proxy ${urls.join(" or ")}`);
    default:
      return finding("place", false, `${root} is kept with ${system}, which git cannot read`);
  }
}

/** Gives whether one of the addresses has answered. */
async function* aboutRepository(
  parts: AccessCheckParts,
  { reach }: FoundPlace,
  urls: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<AccessFinding, boolean> {
  for (const url of urls) {
    const login = await aboutLogin(parts, new URL(url), signal);
    yield login;
    if (!login.works) continue;
    using use = await parts.mirrors.use(url);
    const heard = await orSentence(use.mirror.current(parts.nowMs(), reach, signal), signal);
    if (typeof heard === "string") {
      yield finding("repository", false, `${url}: ${heard}`);
      continue;
    }
    yield finding("repository", true, `${url} answers: ${countOf(heard.refs)}`);
    return true;
  }
  return false;
}

async function aboutLogin(
  { credentials, environment }: AccessCheckParts,
  url: URL,
  signal: AbortSignal,
): Promise<AccessFinding> {
  if (!/^https?:$/.test(url.protocol)) return finding("login", true, await sshWords(environment));
  const login = await orSentence(
    credentials(url).then((found) => ({ found })),
    signal,
  );
  if (typeof login === "string") return finding("login", false, login);
  const { found } = login;
  const words =
    found === undefined
      ? `there is no login for ${url.host}; git asks without one, or with what its credential helpers know`
      : `the login for ${url.host} is ${found.login}, from ${found.from}`;
  return finding("login", true, words);
}

/** What ssh has to log in with. */
async function sshWords(environment: Readonly<Record<string, string>>): Promise<string> {
  const agent = environment["SSH_AUTH_SOCK"] ? "an agent" : "no agent";
  const folder = join(userInfo().homedir, ".ssh"); // ssh does not ask HOME (man ssh, FILES)
  const files = await readdir(folder).catch((): string[] => []);
  const keys = files.filter((name) => files.includes(`${name}.pub`) || /^id_\w+$/.test(name));
  const found = keys.length === 0 ? "no keys" : keys.join(", ");
  const command = environment["GIT_SSH_COMMAND"] ?? environment["GIT_SSH"];
  const own = command === undefined ? "" : `; it is called as ${command}`;
  return `ssh logs in: there is ${agent}, and ${found} in ${folder}${own}`;
}

function countOf(refs: RepositoryRefs): string {
  const names = [...refs.entries()].map(([name]) => name);
  const count = (prefix: string, one: string, many: string): string => {
    const { length } = names.filter((name) => name.startsWith(prefix));
    return `${length} ${length === 1 ? one : many}`;
  };
  return `${count("refs/heads/", "branch", "branches")}, ${count("refs/tags/", "tag", "tags")}`;
}

/** The sentence of a failure. */
async function orSentence<T extends object>(
  result: Promise<T>,
  signal: AbortSignal,
): Promise<T | string> {
  try {
    return await result;
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof ProxyFailure) return failure.message;
    throw failure;
  }
}
