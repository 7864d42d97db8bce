// Reads objects out of a bare repository, over one git process that stays.
import type { Git, RunningGit } from "./git-process.ts";

/** A commit, directory, file or annotation. */
export interface GitObject {
  readonly hash: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** Absent if it is larger than was wanted. */
  readonly content: Uint8Array | undefined;
}

interface Question {
  readonly mostBytes: number;
  readonly answer: (object: GitObject | undefined) => void;
  readonly fail: (reason: unknown) => void;
}

/** What is known of the answer that is being read. */
interface Answer extends Omit<GitObject, "content"> {
  readonly chunks: Buffer[];
  /** With the line end behind it. */
  missingBytes: number;
}

/**
 * A process that answers in the order of the questions. It sees what is fetched while it runs.
 * Authority: git-scm.com/docs/git-cat-file, BATCH OUTPUT.
 */
export class ObjectReader {
  readonly #process: RunningGit;
  readonly #questions: Question[] = [];
  #failure: { readonly reason: unknown } | undefined;
  #answer: Answer | undefined;
  #line: Buffer[] = [];

  constructor(git: Git, env: Readonly<Record<string, string>>) {
    const call = { args: ["cat-file", "--batch"], env };
    this.#process = git.start(call, new AbortController().signal);
    this.#process.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    void this.#process.ended.then(
      () => this.#end(new Error("git cat-file has ended")),
      (failure) => this.#end(failure),
    );
  }

  /** Whether questions can still be asked. */
  get isRunning(): boolean {
    return this.#failure === undefined;
  }

  /**
   * The object of this name: a hash, or the beginning of one, perhaps with `^{commit}` behind it. `undefined` if there
   * is none, or several. Rejects with a `GitFailure`.
   */
  read(name: string, mostBytes: number): Promise<GitObject | undefined> {
    if (!/^[0-9a-f]+(\^\{\w+\})?$/.test(name))
      throw new Error(`not the name of an object: ${name}`);
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((answer, fail) => {
      this.#questions.push({ mostBytes, answer, fail });
      this.#process.stdin.write(`${name}\n`);
    });
  }

  /** Ends the process when what has been asked is answered. */
  async close(): Promise<void> {
    this.#failure ??= { reason: new Error("the repository is no longer read") };
    this.#process.stdin.end();
    await this.#process.ended.catch(() => undefined);
  }

  #end(reason: unknown): void {
    this.#failure ??= { reason };
    for (const question of this.#questions.splice(0)) question.fail(reason);
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      rest =
        this.#answer === undefined ? this.#takeLine(rest) : this.#takeContent(rest, this.#answer);
    }
  }

  #takeLine(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a);
    if (end < 0) {
      this.#line.push(chunk);
      return chunk.subarray(chunk.length);
    }
    const line = Buffer.concat([...this.#line, chunk.subarray(0, end)]).toString("latin1");
    this.#line = [];
    const found = /^([0-9a-f]+) (\w+) (\d+)$/.exec(line);
    if (found === null) this.#questions.shift()?.answer(undefined);
    else {
      const [, hash = "", type = "", digits = ""] = found;
      const size = Number(digits);
      this.#answer = { hash, type, size, chunks: [], missingBytes: size + 1 };
    }
    return chunk.subarray(end + 1);
  }

  #takeContent(chunk: Buffer, answer: Answer): Buffer {
    const taken = chunk.subarray(0, answer.missingBytes);
    const isWanted = answer.size <= (this.#questions[0]?.mostBytes ?? 0);
    if (isWanted) answer.chunks.push(taken);
    answer.missingBytes -= taken.length;
    if (answer.missingBytes === 0) {
      const { hash, type, size, chunks } = answer;
      const content = isWanted ? Buffer.concat(chunks).subarray(0, size) : undefined;
      this.#answer = undefined;
      this.#questions.shift()?.answer({ hash, type, size, content });
    }
    return chunk.subarray(taken.length);
  }
}
