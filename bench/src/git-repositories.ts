// Repositories on this machine, served over git's smart HTTP, with modules in them of which nothing is public.
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type GitServer,
  gitServer,
} from "../../proxy/src/adapters/git-upstream/testing/git-server.ts";
import { RepositoryDraft } from "../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";
import type { BenchRun } from "./bench-run.ts";

export interface GitRepositories extends AsyncDisposable {
  /** What programs need to see these repositories and nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  add(module: string, draft: RepositoryDraft): Promise<void>;
}

/** Serves an empty folder. */
export async function gitRepositories(run: BenchRun): Promise<GitRepositories> {
  const folder = join(run.folder, "repositories");
  await mkdir(folder);
  const server: GitServer = await gitServer(folder);
  return {
    environment: { ...server.environment, GOPRIVATE: "*", GOINSECURE: "*" },
    add: (module, draft) => draft.write(join(folder, module)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A module that changes a little from version to version: v1.0.0, v1.1.0 and so on. */
export function growingModule(module: string, versions: number): RepositoryDraft {
  const draft = new RepositoryDraft();
  const files: Record<string, string> = { "go.mod": `module ${module}\n\ngo 1.20\n` };
  for (let file = 0; file < 200; file++) files[`p${file % 20}/f${file}.go`] = sourceText(file);
  for (let version = 0; version < versions; version++) {
    draft.commit({ ...(version === 0 ? files : {}), "version.go": sourceText(1000 + version) });
    draft.tag(`v1.${version}.0`);
  }
  return draft;
}

/** A module of so many bytes that cannot be compressed, v1.0.0. */
export function heavyModule(module: string, megabytes: number): RepositoryDraft {
  const draft = new RepositoryDraft();
  const files: Record<string, string | Uint8Array> = { "go.mod": `module ${module}\n` };
  for (let file = 0; file < megabytes; file++) files[`data/${file}.bin`] = randomBytes(1_000_000);
  draft.commit(files);
  draft.tag("v1.0.0");
  return draft;
}

/** A module of so many bytes of source text in many small files, which came with many commits, v1.0.0. */
export function wordyModule(module: string, megabytes: number): RepositoryDraft {
  const draft = new RepositoryDraft();
  draft.commit({ "go.mod": `module ${module}\n` });
  let seed = 0;
  for (let megabyte = 0; megabyte < megabytes; megabyte++) {
    const files: Record<string, string> = {};
    for (let bytes = 0; bytes < 1_000_000; seed++) {
      const text = sourceText(seed);
      files[`p${megabyte}/f${seed}.go`] = text;
      bytes += text.length;
    }
    draft.commit(files);
  }
  draft.tag("v1.0.0");
  return draft;
}

/** Some kilobytes that look like a program and compress like one. */
function sourceText(seed: number): string {
  const lines = Array.from(
    { length: 120 },
    (_, line) => `func f${seed}_${line}(a int) int { return a*${seed * 31 + line} + ${line} }`,
  );
  return `package p\n\n${lines.join("\n")}\n`;
}
