// A zip arriving in a module tree, under a name that nobody asks for.
import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { BytesPlace, StagedZip } from "../../domain/module-store.ts";
import type { TreeRoot } from "./tree-root.ts";

export class StagedTreeZip implements StagedZip {
  readonly started: Date = new Date();
  readonly place: BytesPlace;
  readonly path: string;
  readonly #file: FileHandle;
  readonly #root: TreeRoot;
  #size = 0;
  #state: "arriving" | "whole" | "taken" = "arriving";

  private constructor(path: string, file: FileHandle, root: TreeRoot) {
    this.path = path;
    this.place = { kind: "file", path };
    this.#file = file;
    this.#root = root;
  }

  static begin(folder: string, root: TreeRoot): Promise<StagedTreeZip> {
    return root.translating(async () => {
      const path = join(folder, `${process.pid}-${randomBytes(6).toString("hex")}`);
      return new StagedTreeZip(path, await open(path, "wx+"), root);
    });
  }

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    if (this.#state !== "arriving") throw new Error("bytes were appended to a zip that had ended");
    await this.#root.translating(async () => {
      for (let written = 0; written < chunk.length; ) {
        const rest = chunk.subarray(written);
        written += (await this.#file.write(rest, 0, rest.length, this.#size + written))
          .bytesWritten;
      }
      this.#size += chunk.length;
    });
  }

  async end(): Promise<void> {
    if (this.#state !== "arriving") return;
    await this.#root.translating(async () => {
      await this.#file.utimes(this.started, this.started);
      await this.#file.sync();
    });
    this.#state = "whole";
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.#size - position));
    const { bytesRead } = await this.#root.translating(() =>
      this.#file.read(into, 0, wanted, position),
    );
    return bytesRead;
  }

  /** It can be put once. */
  take(): void {
    if (this.#state !== "whole") throw new Error(`a zip was put that was ${this.#state}`);
    this.#state = "taken";
  }

  /** Its file goes, unless that has got another name. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await unlink(this.path).catch(() => undefined);
  }
}
