// A real checksum database for tests: builds the Go program in this folder and runs it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

/** What it does instead of telling the truth; `truth` ends that. */
export type Lie =
  | "truth"
  | "forged-tiles"
  | "wrong-record"
  | "wrong-number"
  | "truncated-note"
  | "unsigned-note";

/** The built program. Disposing of it removes it. */
export class ChecksumDatabaseProgram implements Disposable {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts a database without records that takes them from a module proxy when it is asked. */
  async start(proxy: string): Promise<ChecksumDatabase> {
    const program = join(this.#folder, "checksum-database");
    const child = spawn(program, [proxy], { stdio: ["pipe", "pipe", "inherit"] });
    for await (const line of createInterface(child.stdout)) {
      return new ChecksumDatabase(child, JSON.parse(line));
    }
    throw new Error("the checksum database ended before it listened");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A running database. Disposing of it ends it. */
export class ChecksumDatabase implements AsyncDisposable {
  readonly name: string;
  /** `name+hash+key`. */
  readonly key: string;
  readonly url: string;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, { key, url }: { readonly key: string; readonly url: string }) {
    this.#child = child;
    this.key = key;
    this.url = url;
    this.name = key.split("+")[0] ?? "";
  }

  /** For GOSUMDB, at its own address. */
  get gosumdb(): string {
    return `${this.key} ${this.url}`;
  }

  async lie(how: Lie): Promise<void> {
    await this.#control(`lie?how=${how}`);
  }

  /** Puts other go.sum lines on record for a version than those that belong to it. */
  async say(module: string, lines: string): Promise<void> {
    await this.#control(`say?module=${encodeURIComponent(module)}`, lines);
  }

  /** Adds records that nobody asks for. Those of another `kind` have other names. */
  async grow(by: number, kind = "plain"): Promise<void> {
    await this.#control(`grow?by=${by}&kind=${kind}`);
  }

  /** Forgets its history and begins another, under the same key. */
  async begin(): Promise<void> {
    await this.#control("begin");
  }

  /** The paths that it was asked for, in order. */
  async requests(): Promise<readonly string[]> {
    return JSON.parse(await this.#control("requests")) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #control(command: string, body = ""): Promise<string> {
    const answer = await fetch(`${this.url}/control/${command}`, { method: "POST", body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${command}: ${text}`);
    return text;
  }
}

/** Builds the program. A text is the reason why that is impossible here; a program that does not compile throws. */
export function buildChecksumDatabase(): ChecksumDatabaseProgram | string {
  const downloaded = go("mod", "download");
  if (downloaded.error !== undefined) return `there is no go command: ${downloaded.error.message}`;
  if (downloaded.status !== 0) return `golang.org/x/mod cannot be had: ${downloaded.stderr.trim()}`;

  const folder = mkdtempSync(join(tmpdir(), "stoa-checksum-database-"));
  const built = go("build", "-o", join(folder, "checksum-database"), ".");
  if (built.status === 0) return new ChecksumDatabaseProgram(folder);
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`the checksum database does not compile:\n${built.stderr}`);
}

function go(...args: readonly string[]) {
  return spawnSync("go", args, {
    cwd: import.meta.dirname,
    env: { ...process.env, GOWORK: "off" },
    encoding: "utf8",
  });
}
