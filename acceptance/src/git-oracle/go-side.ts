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
  const answers = new Map<string, Explained<VersionAnswer>>();
  for (const found of jsonObjects(stdout) as Downloaded[]) {
    const info = found.Info && (await readFile(found.Info, "utf8"));
    const version =
      info === undefined ? undefined : (JSON.parse(info) as { Version: string }).Version;
    answers.set(`${found.Path}@${found.Query ?? found.Version}`, {
      version,
      info,
      // Of a version itself, the info has the origin.
      origin: found.Query === undefined || found.Query === version ? undefined : found.Origin,
      mod: found.GoMod && (await readFile(found.GoMod, "utf8")),
      sum: found.Sum,
      words: found.Error ?? "",
    });
  }
  for (const question of questions) {
    if (!answers.has(question)) answers.set(question, { words: `no answer: ${stderr}` });
  }
  return answers;
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
