// A document tree in a folder: one file per document, replaced by rename, flushed before anybody sees it.
import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { ControlFailure } from "../../domain/control-failure.ts";
import type { DocumentTree, StoredDocument } from "../../domain/document-tree.ts";
import { checkedPath } from "../../domain/tree-paths.ts";

/** What is being written, and what a killed process left; swept when a tree is opened. */
const incoming = ".incoming";

/** Opens the tree in a folder, which is made if it is not there. One process at a time may write to it. */
export async function openFolderTree(root: string): Promise<DocumentTree> {
  try {
    await rm(join(root, incoming), { recursive: true, force: true });
    await mkdir(join(root, incoming), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unavailable(root, cause);
  }
  return new FolderTree(root);
}

class FolderTree implements DocumentTree {
  readonly #root: string;
  /** The last work on each path, so that comparing and replacing is one step. */
  readonly #working = new Map<string, Promise<unknown>>();

  constructor(root: string) {
    this.#root = root;
  }

  async read(path: string): Promise<StoredDocument | undefined> {
    const file = this.#file(path);
    try {
      return stored(await readFile(file, "utf8"));
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw unavailable(path, cause);
    }
  }

  create(path: string, text: string): Promise<StoredDocument | undefined> {
    return this.#inTurn(path, async (file) => {
      if ((await this.read(path)) !== undefined) return undefined;
      const staged = await this.#stage(file, text);
      try {
        await link(staged, file);
      } catch (cause) {
        if (hasCode(cause, "EEXIST")) return undefined;
        throw cause;
      } finally {
        await unlink(staged).catch(() => undefined);
      }
      await syncFolder(dirname(file));
      return stored(text);
    });
  }

  replace(path: string, text: string, etag: string): Promise<StoredDocument | undefined> {
    return this.#inTurn(path, async (file) => {
      const current = await this.read(path);
      if (current?.etag !== etag) return undefined;
      if (current.text === text) return current;
      await rename(await this.#stage(file, text), file);
      await syncFolder(dirname(file));
      return stored(text);
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    const top = this.#file(folder);
    try {
      const entries = await readdir(top, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
        .map((entry) =>
          relative(this.#root, join(entry.parentPath, entry.name)).split(sep).join("/"),
        )
        .toSorted((one, other) => (one < other ? -1 : 1));
    } catch (cause) {
      if (isAbsent(cause)) return [];
      throw unavailable(folder, cause);
    }
  }

  async remove(path: string): Promise<void> {
    await this.#inTurn(path, async (file) => {
      await rm(file, { force: true });
      return undefined;
    });
  }

  #file(path: string): string {
    return join(this.#root, ...checkedPath(path).split("/"));
  }

  async #stage(file: string, text: string): Promise<string> {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const staged = join(this.#root, incoming, randomUUID());
    const handle = await open(staged, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return staged;
  }

  async #inTurn<T>(path: string, work: (file: string) => Promise<T>): Promise<T> {
    const file = this.#file(path);
    const before = this.#working.get(path) ?? Promise.resolve();
    const turn = before.then(
      () => work(file),
      () => work(file),
    );
    this.#working.set(path, turn);
    try {
      return await turn;
    } catch (cause) {
      throw cause instanceof ControlFailure ? cause : unavailable(path, cause);
    } finally {
      if (this.#working.get(path) === turn) this.#working.delete(path);
    }
  }
}

function stored(text: string): StoredDocument {
  return { text, etag: createHash("sha256").update(text).digest("hex").slice(0, 32) };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isAbsent(cause: unknown): boolean {
  return hasCode(cause, "ENOENT") || hasCode(cause, "ENOTDIR") || hasCode(cause, "EISDIR");
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}

function unavailable(path: string, cause: unknown): ControlFailure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ControlFailure(
    "store_unavailable",
    `the document ${path} cannot be reached: ${reason}`,
    {
      cause,
    },
  );
}
