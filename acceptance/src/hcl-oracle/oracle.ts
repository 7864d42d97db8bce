// Go's own hashicorp/hcl as a witness: builds the program in this folder and asks it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** What Go finds in a text: a download file, or why it is none. */
export interface HclAnswer {
  readonly value?: {
    readonly mode: string;
    readonly url: string;
    readonly blocks: readonly { pattern: string; mode: string; url: string }[] | null;
  };
  readonly errors?: readonly { line: number; column: number; says: string }[];
}

/** The built program. Disposing of it removes it. */
export class HclOracle implements Disposable {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The answers, in the order of the texts. */
  answers(texts: readonly string[]): readonly HclAnswer[] {
    const input = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
    const { status, stdout, stderr } = spawnSync(join(this.#folder, "oracle"), [], {
      input,
      encoding: "utf8",
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) throw new Error(`the oracle failed: ${stderr}`);
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Builds the program. A text is the reason why that is impossible here: no go command, or no way to get the package. */
export function buildHclOracle(): HclOracle | string {
  const downloaded = go("mod", "download");
  if (downloaded.error !== undefined) return `there is no go command: ${downloaded.error.message}`;
  if (downloaded.status !== 0) {
    return `github.com/hashicorp/hcl cannot be had: ${downloaded.stderr.trim()}`;
  }
  const folder = mkdtempSync(join(tmpdir(), "stoa-hcl-oracle-"));
  const built = go("build", "-o", join(folder, "oracle"), ".");
  if (built.status === 0) return new HclOracle(folder);
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
