// A git repository for tests, described commit by commit and written in one go.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

/** A file: its content, a symbolic link, a submodule, something with a mode of its own, or what lies at another path. */
export type DraftFile =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly submodule: string }
  | { readonly executable: string }
  | { readonly copyOf: string };

/** Paths and what lies there; `undefined` removes a file. */
export type DraftFiles = Readonly<Record<string, DraftFile | undefined>>;

export interface CommitOptions {
  /** The branch that grows; `main` unless said otherwise. */
  readonly branch?: string;
  /** The commit before it, if that is not the last one of the branch. */
  readonly after?: CommitMark;
  /** Further parents. */
  readonly merging?: readonly CommitMark[];
  /** Seconds since 1970; a day after the last commit unless said otherwise. */
  readonly seconds?: number;
}

/** A commit of a draft. */
export type CommitMark = number & { readonly kind?: "commit" };

const firstSeconds = Date.UTC(2024, 0, 2, 3, 4, 5) / 1000;
const daySeconds = 86_400;
const author = "Ada <ada@example.com>";

/** Commits, branches and tags, in the order in which they are added. */
export class RepositoryDraft {
  readonly #stream: (string | Uint8Array)[] = [];
  #marks = 0;
  #seconds = firstSeconds;

  /** Adds a commit to a branch. */
  commit(files: DraftFiles, options: CommitOptions = {}): CommitMark {
    const { branch = "main", after, merging = [] } = options;
    this.#seconds = options.seconds ?? this.#seconds + daySeconds;
    this.#marks += 1;
    this.#add(`commit refs/heads/${branch}\nmark :${this.#marks}\n`);
    this.#add(`author ${author} ${this.#seconds - 60} +0100\n`);
    this.#add(`committer ${author} ${this.#seconds} +0200\n`);
    this.#data(`commit ${this.#marks}\n`);
    if (after !== undefined) this.#add(`from :${after}\n`);
    for (const mark of merging) this.#add(`merge :${mark}\n`);
    for (const [path, file] of Object.entries(files)) this.#file(path, file);
    this.#add("\n");
    return this.#marks;
  }

  /** A tag that is just a name; of the last commit unless said otherwise. */
  tag(name: string, mark: CommitMark = this.#marks): this {
    this.#add(`reset refs/tags/${name}\nfrom :${mark}\n\n`);
    return this;
  }

  /** A tag with an author and a message. */
  annotatedTag(name: string, mark: CommitMark = this.#marks): this {
    this.#add(`tag ${name}\nfrom :${mark}\ntagger ${author} ${this.#seconds + 30} +0000\n`);
    this.#data(`about ${name}\n`);
    return this;
  }

  /** A branch; of the last commit unless said otherwise. */
  branch(name: string, mark: CommitMark = this.#marks): this {
    this.#add(`reset refs/heads/${name}\nfrom :${mark}\n\n`);
    return this;
  }

  /** Writes a bare repository into a folder; adds to it if there is one. */
  async write(folder: string, format: "sha1" | "sha256" = "sha1"): Promise<void> {
    await mkdir(folder, { recursive: true });
    const init = [
      "init",
      "--quiet",
      "--bare",
      "--initial-branch=main",
      `--object-format=${format}`,
    ];
    await git(folder, init);
    await git(folder, ["fast-import", "--quiet", "--force"], this.#stream);
    await writeFile(join(folder, "git-daemon-export-ok"), "");
    await git(folder, ["config", "uploadpack.allowFilter", "true"]);
  }

  #file(path: string, file: DraftFile | undefined): void {
    const name = quoted(path);
    if (file === undefined) {
      this.#add(`D ${name}\n`);
      return;
    }
    if (typeof file === "object" && "submodule" in file) {
      this.#add(`M 160000 ${file.submodule} ${name}\n`);
      return;
    }
    if (typeof file === "object" && "copyOf" in file) {
      this.#add(`C ${quoted(file.copyOf)} ${name}\n`);
      return;
    }
    const [mode, content] = modeAndContent(file);
    this.#add(`M ${mode} inline ${name}\n`);
    this.#data(content);
  }

  #data(content: string | Uint8Array): void {
    const bytes = Buffer.from(content);
    this.#add(`data ${bytes.length}\n`);
    this.#stream.push(bytes);
    this.#add("\n");
  }

  #add(line: string): void {
    this.#stream.push(line);
  }
}

function modeAndContent(
  file: Exclude<DraftFile, { readonly submodule: string } | { readonly copyOf: string }>,
): readonly [mode: string, content: string | Uint8Array] {
  if (typeof file === "string" || file instanceof Uint8Array) return ["100644", file];
  return "link" in file ? ["120000", file.link] : ["100755", file.executable];
}

/** A path as git fast-import reads it. */
function quoted(path: string): string {
  return JSON.stringify(path).replace(/[^\x20-\x7e]/g, octal);
}

/** As git wants it in quoted paths. */
function octal(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8)}`).join("");
}

/** Runs git in a folder, without anybody's configuration, and gives its output. */
export async function git(
  folder: string,
  args: readonly string[],
  input: readonly (string | Uint8Array)[] = [],
): Promise<string> {
  const child = spawn("git", args, {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  const complaint: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => complaint.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(Buffer.concat(input.map((part) => Buffer.from(part))));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`git ${args.join(" ")}: ${Buffer.concat(complaint)}`);
  return Buffer.concat(output).toString();
}
