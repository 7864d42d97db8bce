// Notes about versions that are being kept, as small files on the disk that they are kept on.
import { readdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  checkModuleVersion,
  InvalidText,
  type ModuleVersion,
  parseModulePath,
  parseVersion,
} from "@stoa/gomod";
import type { KeepJournal, KeepNote } from "../../domain/keep-journal.ts";
import type { IncomingFolder } from "./incoming-folder.ts";
import type { ProcessMark } from "./process-mark.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

/** Nothing is put for this long; a note of another machine that is older is one of the dead. */
const strangersLimitMs = 60 * 60 * 1000;

/**
 * A note is a file in `.stoa/keeping`, named as those in `.stoa/incoming` are, that holds `<path> <version>`. It is not
 * flushed: what a power failure costs is a loose file that nobody needs, and a line of the index.
 */
export class DiskKeepJournal implements KeepJournal {
  readonly #root: StorageRoot;
  readonly #incoming: IncomingFolder;
  readonly #mark: ProcessMark;

  constructor(root: StorageRoot, incoming: IncomingFolder, mark: ProcessMark) {
    this.#root = root;
    this.#incoming = incoming;
    this.#mark = mark;
  }

  begin(module: ModuleVersion): Promise<KeepNote> {
    return this.#root.translating(async () => {
      const file = join(this.#root.keeping, basename(this.#incoming.newPath()));
      const begun = note(module, file);
      try {
        await writeFile(file, `${module.path} ${module.version}\n`, { flag: "wx" });
      } catch (failure) {
        await begun.end(); // a full disk creates the file and cannot fill it
        throw failure;
      }
      return begun;
    });
  }

  unfinished(): Promise<readonly KeepNote[]> {
    return this.#root.translating(async () => {
      const found: KeepNote[] = [];
      for (const name of await readdir(this.#root.keeping)) {
        const file = join(this.#root.keeping, name);
        const text = await readOfTheDead(file, this.#mark);
        if (text === undefined) continue;
        const module = parseNote(text);
        if (module === undefined) await unlink(file).catch(() => undefined);
        else found.push(note(module, file));
      }
      return found;
    });
  }
}

function note(module: ModuleVersion, file: string): KeepNote {
  return {
    module,
    async end() {
      await unlink(file).catch(() => undefined);
    },
  };
}

/** What a note says if its writer is gone. */
async function readOfTheDead(file: string, mark: ProcessMark): Promise<string | undefined> {
  try {
    const { mtimeMs } = await stat(file);
    const writer = basename(file).split("+")[0] ?? "";
    const isDead = await mark.isOfTheDead(writer, Date.now() - mtimeMs, strangersLimitMs);
    return isDead ? await readFile(file, "utf8") : undefined;
  } catch (failure) {
    if (hasCode(failure, "ENOENT")) return undefined;
    throw failure;
  }
}

/** Absent if its writer died before it was written. */
function parseNote(text: string): ModuleVersion | undefined {
  const [path = "", version = "", ...others] = text.trimEnd().split(" ");
  if (others.length > 0 || !text.endsWith("\n")) return undefined;
  try {
    const module = { path: parseModulePath(path), version: parseVersion(version) };
    checkModuleVersion(module.path, module.version);
    return module;
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
