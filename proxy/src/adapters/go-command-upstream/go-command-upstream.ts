// Modules straight from their repositories, of whatever version control system, through the go command.
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  checkModuleVersion,
  formatVersionInfo,
  InvalidText,
  isPseudoVersion,
  isVersion,
  type ModulePath,
  type ModuleVersion,
  type Version,
} from "@stoa/gomod";
import { infoOfQuery, infoOfVersion } from "../../domain/info-answer.ts";
import { filePath } from "../../domain/protocol-path.ts";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import { parseVcsRules } from "../../domain/repository/vcs-rules.ts";
import type { InfoDocument, Upstream, ZipDelivery } from "../../domain/upstream.ts";
import { complaintKind } from "./complaint.ts";
import type { GoAnswer } from "./go-answer.ts";
import { GoCommand, type GoCommandOptions, type GoRun } from "./go-command.ts";
import { JoinedRuns } from "./joined-runs.ts";
import { openedZip } from "./opened-zip.ts";
import { type Papers, RecentPapers } from "./recent-papers.ts";
import { requirePulledMercurial, requireReadableSubversion } from "./repository-probe.ts";
import type { RunFolder } from "./run-folders.ts";

export interface GoCommandUpstreamOptions extends GoCommandOptions {
  /** How long the go command may take over a list, an .info or a .mod. */
  readonly paperMs: number;
  /** How long it may take over a zip. */
  readonly zipMs: number;
}

/** An upstream that can say beforehand that it will not work. */
export interface GoCommandUpstream extends Upstream, AsyncDisposable {
  /** Looks for the go program; `onMissing` is told if there is none. */
  check(): Promise<void>;
  /** How many questions wait for their turn. */
  readonly waiting: number;
}

/**
 * Runs the go command for each question. Throws `InvalidText` if the GOVCS rules cannot be read. Without a go program every
 * call rejects with `unsupported`. Disposing of it ends what runs.
 */
export function goCommandUpstream(options: GoCommandUpstreamOptions): GoCommandUpstream {
  parseVcsRules(options.chosen["GOVCS"] ?? "");
  return new GoUpstream(options);
}

/** What a go.mod may measure: 16 MiB (golang.org/x/mod/zip.MaxGoMod). */
const mostGoModBytes = 2 ** 24;

class GoUpstream implements GoCommandUpstream {
  readonly name = "direct";
  readonly #options: GoCommandUpstreamOptions;
  readonly #go: GoCommand;
  readonly #lists = new JoinedRuns<readonly Version[]>();
  readonly #resolutions = new JoinedRuns<InfoDocument>();
  readonly #papers = new JoinedRuns<Papers>();
  readonly #recent = new RecentPapers(() => performance.now());

  constructor(options: GoCommandUpstreamOptions) {
    this.#options = options;
    this.#go = new GoCommand(options);
  }

  list(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return answered({ path }, signal, () =>
      this.#lists.join(path, signal, (shared) =>
        this.#askNow(["-versions", "-retracted", `${path}@latest`], shared, async ({ versions }) =>
          versions.filter(isVersion).filter((version) => isTagOf(path, version)),
        ),
      ),
    );
  }

  resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<InfoDocument> {
    const subject = { path, version: query };
    return answered(subject, signal, () => {
      requireAskable(query);
      return this.#resolutions.join(`${path}@${query}`, signal, (shared) =>
        this.#askNow([`${path}@${query}`], shared, async (answer) => {
          const { info } = answer;
          if (info === undefined) throw unclear();
          const bytes = Buffer.from(formatVersionInfo(info));
          const document = infoOfQuery(bytes, { path, query }, this.name);
          // They are asked for next; what is wrong with them is said then.
          await this.#readPapers(answer, { path, version: info.version }).catch(() => undefined);
          return document;
        }),
      );
    });
  }

  async info(module: ModuleVersion, signal: AbortSignal): Promise<InfoDocument> {
    return (await this.#papersOf(module, signal)).info;
  }

  async mod(module: ModuleVersion, signal: AbortSignal): Promise<Uint8Array> {
    return (await this.#papersOf(module, signal)).mod;
  }

  zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery> {
    const take = async ({ zipFile }: GoAnswer): Promise<ZipDelivery> => {
      if (zipFile === undefined) throw unclear();
      return openedZip(zipFile, { signal, from: this.name });
    };
    return answered(module, signal, () =>
      this.#go.ask(
        {
          args: ["mod", "download", "-json", `${module.path}@${module.version}`],
          limitMs: this.#options.zipMs,
          limitName: "ATHENS_STASH_TIMEOUT",
          clones: "kept",
          prepare: (folder) => this.#layOut(module, folder),
          take,
          onComplaint,
        },
        signal,
      ),
    );
  }

  get waiting(): number {
    return this.#go.waiting;
  }

  check(): Promise<void> {
    return this.#go.check();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#go[Symbol.asyncDispose]();
  }

  async #papersOf(module: ModuleVersion, signal: AbortSignal): Promise<Papers> {
    signal.throwIfAborted();
    const recent = this.#recent.find(module);
    if (recent !== undefined) return recent;
    const asked = `${module.path}@${module.version}`;
    return answered(module, signal, () =>
      this.#papers.join(asked, signal, (shared) =>
        this.#list([asked], shared, "kept", (answer) => this.#readPapers(answer, module)),
      ),
    );
  }

  async #readPapers({ modFile }: GoAnswer, module: ModuleVersion): Promise<Papers> {
    if (modFile === undefined) throw unclear();
    if ((await stat(modFile)).size > mostGoModBytes) {
      throw new ProxyFailure("invalid_module", "its go.mod is larger than 16 MiB");
    }
    // Both lie in the module cache, which has the layout of a proxy.
    const info = await readFile(modFile.replace(/mod$/, "info"));
    const mod = await readFile(modFile);
    const papers = { info: infoOfVersion(info, module, this.name), mod };
    this.#recent.remember(module, papers);
    return papers;
  }

  /** Lets the go command find in its module cache what another run has found out already. */
  async #layOut(module: ModuleVersion, { moduleCache }: RunFolder): Promise<void> {
    const recent = this.#recent.find(module);
    if (recent === undefined) return;
    const file = (kind: "info" | "mod"): string =>
      join(moduleCache, "cache", "download", filePath(module, kind));
    await mkdir(dirname(file("mod")), { recursive: true });
    await writeFile(file("info"), recent.info.bytes);
    await writeFile(file("mod"), recent.mod);
  }

  /** For what changes: no clone may answer that has not been brought up to date. */
  async #askNow<T>(
    args: readonly string[],
    signal: AbortSignal,
    take: (answer: GoAnswer) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#list(args, signal, "kept", async (answer, run) => {
        await requireUpToDate(answer, run);
        return take(answer);
      });
    } catch (failure) {
      if (!(failure instanceof OldClone)) throw failure;
      return this.#list(args, signal, "none", take);
    }
  }

  /** With `-e` the answer says where the repository is also if something is wrong with it. */
  #list<T>(
    args: readonly string[],
    signal: AbortSignal,
    clones: "kept" | "none",
    take: (answer: GoAnswer, run: GoRun) => Promise<T>,
  ): Promise<T> {
    return this.#go.ask(
      {
        args: ["list", "-m", "-e", "-json", ...args],
        limitMs: this.#options.paperMs,
        limitName: "ATHENS_TIMEOUT",
        clones,
        take,
        onComplaint,
      },
      signal,
    );
  }
}

/** An answer came from a clone that the go command never brings up to date for names that are in it. */
class OldClone extends Error {}

/**
 * git is asked each time, and Subversion has no clones. Mercurial pulls, but the go command hides it if that fails. Fossil
 * and Bazaar are only pulled for names that they do not know (cmd/go codehost vcsRepo.Stat, loadTags).
 */
async function requireUpToDate(
  { origin }: GoAnswer,
  { surroundings, clones, startedMs, signal }: GoRun,
): Promise<void> {
  const { vcs = "" } = origin;
  if (!["hg", "fossil", "bzr"].includes(vcs)) return;
  const clone = await clones.olderThan(origin, startedMs);
  if (clone === undefined) return;
  if (vcs === "hg") await requirePulledMercurial(clone, surroundings, signal);
  else throw new OldClone();
}

/** Whatever Subversion complains about, the go command says that there is no such version. */
async function onComplaint({ complaint = "", origin }: GoAnswer, run: GoRun): Promise<void> {
  if (origin.vcs !== "svn" || complaintKind(complaint) !== "unknown") return;
  await requireReadableSubversion(origin, run.surroundings, run.signal);
}

/** Nothing that the go command or a version control system takes for more than a name. */
function requireAskable(query: string): void {
  if (query === "upgrade" || query === "patch") {
    throw new ProxyFailure("not_found", `${query} means something only where a go.mod is`);
  }
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.+~=-]*$/u.test(query) && !query.includes("..")) return;
  throw new ProxyFailure(
    "unsupported",
    "through the go command only names of letters, digits and . _ + ~ = - can be asked for",
  );
}

function isTagOf(path: ModulePath, version: Version): boolean {
  if (isPseudoVersion(version)) return false;
  try {
    checkModuleVersion(path, version);
    return true;
  } catch (failure) {
    if (failure instanceof InvalidText) return false;
    throw failure;
  }
}

/** Answers with failures that say what they are about. */
async function answered<T>(
  subject: FailureSubject,
  signal: AbortSignal,
  answer: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  try {
    // The go command takes it for a pattern.
    if (subject.path.includes("...")) {
      throw new ProxyFailure("unsupported", "the go command cannot fetch a path with ... in it");
    }
    return await answer();
  } catch (failure) {
    signal.throwIfAborted();
    if (!(failure instanceof ProxyFailure)) throw failure;
    const { code, message } = failure;
    throw new ProxyFailure(code, message, { subject, cause: failure.cause ?? failure });
  }
}

function unclear(): ProxyFailure {
  return new ProxyFailure(
    "upstream_unavailable",
    "the go command gave an answer without what was asked for",
  );
}
