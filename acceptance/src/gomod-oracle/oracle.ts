// Go's own golang.org/x/mod as a witness: builds the program in this folder and asks it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** An op of the Go program, and its arguments as JSON. */
export interface Question {
  readonly op: string;
  readonly args: readonly unknown[];
}

/** What Go says: a value, or why it refuses. */
export type Answer =
  | { readonly value: unknown; readonly error?: never }
  | { readonly error: string };

/** The built program. Disposing of it removes it. */
export class Oracle implements Disposable {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The answers, in the order of the questions. */
  answers(questions: readonly Question[]): readonly Answer[] {
    const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
    const { status, stdout, stderr } = spawnSync(join(this.#folder, "oracle"), [], {
      input,
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) throw new Error(`the oracle failed: ${stderr}`);
    const answers = stdout.split("\n").slice(0, -1);
    if (answers.length !== questions.length) {
      throw new Error(`the oracle gave ${answers.length} answers to ${questions.length} questions`);
    }
    return answers.map((line) => JSON.parse(line));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Builds the program with the go command of this machine. A text is the reason why that is impossible here (no go, no way
 * to download golang.org/x/mod); a program that does not compile throws.
 */
export function buildOracle(): Oracle | string {
  const downloaded = go("mod", "download");
  if (downloaded.error !== undefined) return `there is no go command: ${downloaded.error.message}`;
  if (downloaded.status !== 0) return `golang.org/x/mod cannot be had: ${downloaded.stderr.trim()}`;

  const folder = mkdtempSync(join(tmpdir(), "stoa-gomod-oracle-"));
  const built = go("build", "-o", join(folder, "oracle"), ".");
  if (built.status === 0) return new Oracle(folder);
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`the oracle does not compile:\n${built.stderr}`);
}

function go(...args: readonly string[]) {
  return spawnSync("go", args, {
    cwd: import.meta.dirname,
    env: { ...process.env, GOWORK: "off" },
    encoding: "utf8",
  });
}
