// The go command, asked with GOPROXY=direct.
import { readFile } from "node:fs/promises";
import { sortVersions } from "@stoa/gomod";
import type { GoCommand } from "../testing/go-command.ts";
import type { Explained, ModuleAnswer, VersionAnswer } from "./direct-answers.ts";

/** What `go mod download -json` prints for each module. Authority: go help mod download. */
interface Downloaded {
  readonly Path: string;
  readonly Query?: string;
  readonly Version?: string;
  readonly Error?: string;
  readonly Info?: string;
  readonly GoMod?: string;
  readonly Sum?: string;
  readonly Origin?: unknown;
}

/** What `go list -m -json` prints for each module. Authority: go help list. */
interface Listed {
  readonly Path: string;
  readonly Version?: string;
  readonly Versions?: readonly string[];
  readonly Error?: { readonly Err: string };
  readonly Origin?: unknown;
}

/** The answers to `module@query`, all with one run of the command. */
export async function goVersions(
  go: GoCommand,
  questions: readonly string[],
): Promise<Map<string, Explained<VersionAnswer>>> {
  const { stdout, stderr } = await go.run(["mod", "download", "-json", ...questions]);
  const downloads = jsonObjects(stdout) as Downloaded[];
  const found = new Map(
    downloads.map((download) => [
      `${download.Path}@${download.Query ?? download.Version}`,
      download,
    ]),
  );
  const answers = questions.map(async (question) => {
    const download = found.get(question);
    const answer = download ? await toAnswer(download) : { words: `no answer: ${stderr}` };
    return [question, answer] as const;
  });
  return new Map(await Promise.all(answers));
}

async function toAnswer(download: Downloaded): Promise<Explained<VersionAnswer>> {
  const { Query, Info, GoMod, Sum, Origin, Error: words = "" } = download;
  if (Info === undefined) return { words };
  const info = await readFile(Info, "utf8");
  const { Version: version } = JSON.parse(info) as { Version: string };
  return {
    version,
    // It resolves some queries to versions that it refuses when it is asked for their go.mod.
    info: GoMod && info,
    // Of a version itself, the info has the origin.
    origin: Query === undefined || Query === version ? undefined : Origin,
    mod: GoMod && (await readFile(GoMod, "utf8")),
    sum: Sum,
    words,
  };
}

/** The list and the latest version of modules. Lists only come with a version that exists: `known` has them. */
export async function goModules(
  go: GoCommand,
  modules: readonly string[],
  known: ReadonlyMap<string, VersionAnswer>,
): Promise<Map<string, Explained<ModuleAnswer>>> {
  const list = async (
    queries: readonly string[],
    ...flags: string[]
  ): Promise<Map<string, Listed>> => {
    const { stdout } = await go.run(["list", "-m", "-e", "-json", ...flags, ...queries]);
    return new Map((jsonObjects(stdout) as Listed[]).map((listed) => [listed.Path, listed]));
  };
  const queries = modules.flatMap((module) => {
    const [found] = [...known].filter(
      ([asked, { version }]) => version && asked.startsWith(`${module}@`),
    );
    return found === undefined ? [] : [`${module}@${found[1].version}`];
  });
  const lists = await list(queries, "-versions", "-retracted");
  const latest = await list(modules.map((module) => `${module}@latest`));
  const answers = new Map<string, Explained<ModuleAnswer>>();
  for (const module of modules) {
    const newest = latest.get(module);
    const exists = newest?.Error === undefined;
    answers.set(module, {
      versions: lists.has(module) ? sortVersions(lists.get(module)?.Versions ?? []) : undefined,
      latest: exists ? newest?.Version : undefined,
      latestOrigin: exists ? newest?.Origin : undefined,
      words: newest?.Error?.Err ?? "",
    });
  }
  return answers;
}

/** JSON objects that stand one behind the other. */
function jsonObjects(text: string): unknown[] {
  return text
    .split(/^(?=\{)/m)
    .filter((part) => part.trim() !== "")
    .map((part) => JSON.parse(part) as unknown);
}
