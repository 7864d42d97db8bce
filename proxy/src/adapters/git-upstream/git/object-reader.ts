// Reads objects out of a bare repository, over one git process that stays.
import process from "node:process";
import type { Git, RunningGit } from "./git-process.ts";

/** What is known of an object without its content. */
export interface ObjectHead {
  readonly hash: string;
  /** `commit`, `tree`, `blob` or `tag`. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
}

/** A commit, directory, file or annotation. */
export interface GitObject extends ObjectHead {
  /** Absent if it is larger than was wanted. */
  readonly content: Buffer | undefined;
}

interface Question {
  /** `undefined` if the content is not asked for. */
  readonly mostBytes: number | undefined;
  readonly into: Buffer | undefined;
  readonly answer: (object: GitObject | undefined) => void;
  readonly fail: (reason: unknown) => void;
}

/** What is known of the answer that is being read. */
interface Answer extends GitObject {
  /** With the line end behind the content. */
  missingBytes: number;
}

/**
 * A process that answers in the order of the questions; those that are asked at the same moment reach it together. It
 * sees what is fetched while it runs. Authority: git-scm.com/docs/git-cat-file, BATCH OUTPUT.
 */
export class ObjectReader {
  readonly #process: RunningGit;
  readonly #questions: Question[] = [];
  /** Commands that the process has not got yet. */
  #unsent = "";
  #failure: { readonly reason: unknown } | undefined;
  #answer: Answer | undefined;
  #line: Buffer[] = [];

  constructor(git: Git, env: Readonly<Record<string, string>>) {
    const call = { args: ["cat-file", "--batch-command", "--buffer"], env };
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
   * is none, or several. Content that is just as long as `into` is written into that. Rejects with a `GitFailure`.
   */
  read(name: string, mostBytes: number, into?: Buffer): Promise<GitObject | undefined> {
    return this.#ask("contents", name, mostBytes, into);
  }

  /** The same without the content, which costs git next to nothing. */
  head(name: string): Promise<ObjectHead | undefined> {
    return this.#ask("info", name, undefined);
  }

  /** Ends the process when what has been asked is answered. */
  async close(): Promise<void> {
    this.#failure ??= { reason: new Error("the repository is no longer read") };
    this.#send();
    this.#process.stdin.end();
    await this.#process.ended.catch(() => undefined);
  }

  #ask(
    command: string,
    name: string,
    mostBytes: number | undefined,
    into?: Buffer,
  ): Promise<GitObject | undefined> {
    if (!/^[0-9a-f]+(\^\{\w+\})?$/.test(name))
      throw new Error(`not the name of an object: ${name}`);
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((answer, fail) => {
      this.#questions.push({ mostBytes, into, answer, fail });
      // Behind everything that is asked by now, so that it goes out in one piece.
      if (this.#unsent === "") process.nextTick(() => this.#send());
      this.#unsent += `${command} ${name}\n`;
    });
  }

  #send(): void {
    if (this.#unsent === "") return;
    this.#process.stdin.write(`${this.#unsent}flush\n`);
    this.#unsent = "";
  }

  #end(reason: unknown): void {
    this.#failure ??= { reason };
    for (const question of this.#questions.splice(0)) question.fail(reason);
  }

  /** Nothing of the chunk is kept: its memory is given back at once, long before the garbage collector would. */
  #take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      rest =
        this.#answer === undefined ? this.#takeLine(rest) : this.#takeContent(rest, this.#answer);
    }
    if (chunk.buffer instanceof ArrayBuffer && chunk.length === chunk.buffer.byteLength) {
      chunk.buffer.transfer(0);
    }
  }

  #takeLine(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a);
    if (end < 0) {
      this.#line.push(Buffer.from(chunk));
      return chunk.subarray(chunk.length);
    }
    const line = Buffer.concat([...this.#line, chunk.subarray(0, end)]).toString("latin1");
    this.#line = [];
    this.#begin(line);
    return chunk.subarray(end + 1);
  }

  #begin(line: string): void {
    const found = /^([0-9a-f]+) (\w+) (\d+)$/.exec(line);
    const { mostBytes, into } = this.#questions[0] ?? {};
    if (found === null) {
      this.#questions.shift()?.answer(undefined);
      return;
    }
    const [, hash = "", type = "", digits = ""] = found;
    const size = Number(digits);
    const place = into?.length === size ? into : undefined;
    const content =
      mostBytes !== undefined && size <= mostBytes
        ? (place ?? Buffer.allocUnsafe(size))
        : undefined;
    const answer = { hash, type, size, content, missingBytes: size + 1 };
    if (mostBytes === undefined) this.#questions.shift()?.answer(answer);
    else this.#answer = answer;
  }

  #takeContent(chunk: Buffer, answer: Answer): Buffer {
    const taken = chunk.subarray(0, answer.missingBytes);
    // The line end at its end has no room in the content, and is not copied.
    answer.content?.set(
      taken.subarray(0, Math.max(answer.missingBytes - 1, 0)),
      answer.size + 1 - answer.missingBytes,
    );
    answer.missingBytes -= taken.length;
    if (answer.missingBytes === 0) {
      this.#answer = undefined;
      this.#questions.shift()?.answer(answer);
    }
    return chunk.subarray(taken.length);
  }
}
