// Contents by digest in a folder: staged, hashed while they arrive, flushed, and only then given their name.
import { createHash, randomUUID } from "node:crypto";
import { access, link, mkdir, open, readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { BlobShelf, OpenBlob } from "../../domain/blob-shelf.ts";
import { ControlFailure } from "../../domain/control-failure.ts";

const incoming = ".incoming";
const digest = /^[0-9a-f]{64}$/;

/** Opens the shelf in a folder, which is made if it is not there. No content may be longer than `limitBytes`. */
export async function openFolderBlobs(root: string, limitBytes: number): Promise<BlobShelf> {
  await rm(join(root, incoming), { recursive: true, force: true });
  await mkdir(join(root, incoming), { recursive: true, mode: 0o700 });
  return new FolderBlobs(root, limitBytes);
}

class FolderBlobs implements BlobShelf {
  readonly #root: string;
  readonly #limitBytes: number;

  constructor(root: string, limitBytes: number) {
    this.#root = root;
    this.#limitBytes = limitBytes;
  }

  async has(sha256: string): Promise<boolean> {
    const file = this.#file(sha256);
    return await access(file).then(
      () => true,
      () => false,
    );
  }

  async put(sha256: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const file = this.#file(sha256);
    const staged = join(this.#root, incoming, randomUUID());
    try {
      const found = await this.#stage(staged, body);
      if (found !== sha256) {
        throw new ControlFailure(
          "digest_mismatch",
          `the content sent as sha256:${sha256} is sha256:${found}; it changed on its way or while it was read, send it again`,
        );
      }
      await link(staged, file).catch((cause: unknown) => {
        if (!hasCode(cause, "EEXIST")) throw cause;
      });
      await this.#sync();
    } catch (cause) {
      throw cause instanceof ControlFailure ? cause : unavailable(sha256, cause);
    } finally {
      await unlink(staged).catch(() => undefined);
    }
  }

  async open(sha256: string): Promise<OpenBlob | undefined> {
    const file = this.#file(sha256);
    try {
      const { size } = await stat(file);
      const handle = await open(file, "r");
      const body = Readable.toWeb(handle.createReadStream()) as ReadableStream<Uint8Array>;
      return { size, body };
    } catch (cause) {
      if (hasCode(cause, "ENOENT")) return undefined;
      throw unavailable(sha256, cause);
    }
  }

  async *list(): AsyncIterable<string> {
    for (const name of await readdir(this.#root)) {
      if (digest.test(name)) yield name;
    }
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.#file(sha256), { force: true });
  }

  #file(sha256: string): string {
    if (digest.test(sha256)) return join(this.#root, sha256);
    throw new ControlFailure(
      "bad_request",
      `${JSON.stringify(sha256)} is not a SHA-256 in 64 lower-case hex digits`,
    );
  }

  async #stage(path: string, body: AsyncIterable<Uint8Array>): Promise<string> {
    const hash = createHash("sha256");
    const file = await open(path, "wx", 0o600);
    let size = 0;
    try {
      for await (const chunk of body) {
        size += chunk.byteLength;
        if (size > this.#limitBytes) {
          throw new ControlFailure(
            "too_large",
            `a content of more than ${this.#limitBytes} bytes is not accepted`,
          );
        }
        hash.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return hash.digest("hex");
  }

  async #sync(): Promise<void> {
    const folder = await open(this.#root, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}

function unavailable(sha256: string, cause: unknown): ControlFailure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ControlFailure(
    "store_unavailable",
    `the content sha256:${sha256} cannot be kept or read: ${reason}`,
    { cause },
  );
}
