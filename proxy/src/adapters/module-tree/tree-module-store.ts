// A module tree that versions are put into: what `file://` in GOPROXY names, and GOMODCACHE/cache/download.
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  InvalidText,
  isVersion,
  type ModulePath,
  type ModuleVersion,
  sortVersions,
  unescapeVersion,
  type Version,
} from "@stoa/gomod";
import type { FileKind, ModuleFiles, ModuleStore, StoredFile } from "../../domain/module-store.ts";
import { listPath } from "../../domain/protocol-path.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { StagedTreeZip } from "./staged-tree-zip.ts";
import { TreeFile } from "./tree-file.ts";
import { treeLock } from "./tree-lock.ts";
import { isAbsence, TreeRoot } from "./tree-root.ts";

/** What lies longer in the folder for what arrives was left behind by a process that is gone. */
const leftoverMs = 6 * 60 * 60 * 1000;
const comparedBytes = 256 * 1024;

/**
 * Opens a tree that any number of processes may read and write. A version is there when its `.info` is, which is
 * written last; then the module's `list` gets a line. The folder is created if it is missing. To be disposed of at the
 * end. Rejects with `store_unavailable`.
 */
export async function openTreeModuleStore(path: string): Promise<TreeModuleStore> {
  const root = new TreeRoot(path);
  const incoming = join(path, ".stoa-incoming");
  await root.translating(async () => {
    await mkdir(incoming, { recursive: true });
    for (const name of await readdir(incoming)) {
      const file = join(incoming, name);
      if (Date.now() - (await stat(file)).mtimeMs > leftoverMs) await rm(file, { force: true });
    }
  });
  return new TreeModuleStore(root, incoming);
}

export class TreeModuleStore implements ModuleStore, AsyncDisposable {
  readonly #root: TreeRoot;
  readonly #incoming: string;

  constructor(root: TreeRoot, incoming: string) {
    this.#root = root;
    this.#incoming = incoming;
  }

  async open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    for (const other of (["mod", "zip", "info"] as const).filter((one) => one !== kind)) {
      await using there = await TreeFile.open(this.#root.file(module, other), this.#root);
      if (there === undefined) return this.#absent();
    }
    return (await TreeFile.open(this.#root.file(module, kind), this.#root)) ?? this.#absent();
  }

  async versions(path: ModulePath): Promise<readonly Version[]> {
    const listed = await this.#listed(dirname(join(this.#root.path, listPath(path))));
    const whole = await Promise.all(listed.map((version) => this.#isWhole({ path, version })));
    return listed.filter((_, index) => whole[index]);
  }

  stage(): Promise<StagedTreeZip> {
    return StagedTreeZip.begin(this.#incoming, this.#root);
  }

  async put(module: ModuleVersion, { info, mod, zip, sound }: ModuleFiles): Promise<void> {
    if (!(zip instanceof StagedTreeZip)) throw new Error("the zip was staged in another store");
    zip.take();
    await sound;
    await this.#root.translating(async () => {
      await using _mine = await treeLock(this.#incoming, `${module.path}@${module.version}`);
      if (await this.#isWhole(module)) {
        await this.#requireSame(module, mod, zip);
        return;
      }
      const target = this.#root.file(module, "zip");
      await mkdir(dirname(target), { recursive: true });
      // Of a torn version nothing may remain to be seen beside what is new.
      await rm(this.#root.file(module, "info"), { force: true });
      await this.#write(this.#root.file(module, "mod"), mod);
      await rename(zip.path, target);
      await this.#write(this.#root.file(module, "info"), info);
      await syncFolder(dirname(target));
      await this.#list(module.path);
    });
  }

  async check(): Promise<void> {
    await using probe = await this.stage();
    await probe.append(Buffer.from("?"));
  }

  /** Writes the hash of a kept zip beside it, as the go command does. */
  async writeHash(module: ModuleVersion, hash: string): Promise<void> {
    await this.#root.translating(() =>
      this.#write(this.#root.file(module, "ziphash"), Buffer.from(hash)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rmdir(this.#incoming).catch(() => undefined); // another process may use it
  }

  async #absent(): Promise<undefined> {
    await this.#root.requirePresent();
    return undefined;
  }

  async #isWhole(module: ModuleVersion): Promise<boolean> {
    await using info = await this.open(module, "info");
    return info !== undefined;
  }

  async #requireSame(module: ModuleVersion, mod: Uint8Array, zip: StagedTreeZip): Promise<void> {
    await using keptMod = await this.open(module, "mod");
    await using keptZip = await this.open(module, "zip");
    const sameMod = keptMod !== undefined && (await sameBytes(keptMod, ofBytes(mod)));
    if (sameMod && keptZip !== undefined && (await sameBytes(keptZip, zip))) return;
    throw new ProxyFailure(
      "altered_module",
      `the ${sameMod ? "zip" : "go.mod"} differs from the one that lies in ${this.#root.path}: versions never change, so that one stays`,
      { subject: module },
    );
  }

  /** Writes a file under another name first. */
  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#incoming, randomBytes(8).toString("hex"));
    try {
      await using file = await open(temporary, "wx");
      await file.writeFile(bytes);
      await file.sync();
      await rename(temporary, path);
    } catch (failure) {
      await rm(temporary, { force: true });
      throw failure;
    }
  }

  async #list(path: ModulePath): Promise<void> {
    const file = join(this.#root.path, listPath(path));
    await using _mine = await treeLock(this.#incoming, file);
    const lines = sortVersions([...(await this.#listed(dirname(file)))]).map((one) => `${one}\n`);
    await this.#write(file, Buffer.from(lines.join("")));
  }

  /** As cmd/go makes it anew: the versions whose `.mod` is there (modfetch.rewriteVersionList). */
  async #listed(folder: string): Promise<readonly Version[]> {
    const names = await readdir(folder).catch((failure: unknown) => {
      if (isAbsence(failure)) return [];
      throw failure;
    });
    return names
      .filter((name) => name.endsWith(".mod"))
      .map((name) => unescaped(name.slice(0, -".mod".length)))
      .filter((version) => version !== undefined);
  }
}

function unescaped(name: string): Version | undefined {
  try {
    const version = unescapeVersion(name);
    return isVersion(version) ? version : undefined;
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}

type Readable = Pick<StoredFile, "size" | "read">;

async function sameBytes(a: Readable, b: Readable): Promise<boolean> {
  if (a.size !== b.size) return false;
  const [ofA, ofB] = [Buffer.allocUnsafe(comparedBytes), Buffer.allocUnsafe(comparedBytes)];
  for (let position = 0; position < a.size; ) {
    const [countA, countB] = await Promise.all([a.read(position, ofA), b.read(position, ofB)]);
    if (countA !== countB || countA === 0) return false;
    if (!ofA.subarray(0, countA).equals(ofB.subarray(0, countB))) return false;
    position += countA;
  }
  return true;
}

function ofBytes(bytes: Uint8Array): Readable {
  return {
    size: bytes.length,
    async read(position, into) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
