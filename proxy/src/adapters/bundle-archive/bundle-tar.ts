// A bundle as a tar archive: written in one go, unpacked into a folder and compared with what it says of itself.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type PublicKey,
  parseSignature,
  type SecretKey,
  signText,
  verifiesText,
} from "@stoa/deployment/minisign";
import { extract, pack } from "tar-stream";

/** The last file but one of an archive; its signature, if there is one, is the last. */
const manifestName = "stoa-bundle.json";
const signatureName = `${manifestName}.minisig`;

/** What a bundle says of itself. */
export interface BundleManifest {
  readonly format: 1;
  /** RFC 3339. */
  readonly created: string;
  /** The checksum database whose records are in it, by its name. */
  readonly database: string | undefined;
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly sha256: string;
  }[];
  /** What earlier bundles had, which this one builds upon. */
  readonly before: readonly string[];
}

/** Why a file cannot be written. */
const refusals: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  EACCES: "this user may not write there",
  EROFS: "the disk is mounted read-only",
  ENOSPC: "the disk is full",
};

/** Writes files one after the other; the archive has its name when it is whole and durable. */
export class BundleWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #tar = pack();
  readonly #written: Promise<void>;
  readonly #files: { path: string; size: number; sha256: string }[] = [];
  /** Why the archive can take no more. */
  #refusal: Error | undefined;

  constructor(path: string) {
    this.#path = path;
    const file = createWriteStream(this.#temporary);
    file.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.syscall === undefined) return; // what broke it is told elsewhere
      const why = refusals[cause.code ?? ""] ?? cause.message;
      this.#refusal = new Error(`${path} cannot be written: ${why}`, { cause });
    });
    this.#written = pipeline(this.#tar, file);
    this.#written.catch(() => undefined); // `add` or `end` says it
  }

  get #temporary(): string {
    return `${this.#path}.part`;
  }

  async add(path: string, size: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.#append(path, size, body);
    } catch (failure) {
      throw this.#refusal ?? failure;
    }
  }

  async #append(path: string, size: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const sum = createHash("sha256");
    const entry = this.#tar.entry({ name: path, size, mode: 0o644, mtime: new Date(0) });
    const bytes = async function* () {
      for await (const chunk of body) {
        sum.update(chunk);
        // A reader may use its buffer again.
        yield Buffer.from(chunk);
      }
    };
    await Promise.race([
      pipeline(Readable.from(bytes()), entry),
      this.#written.then(() => Promise.reject(new Error("the archive ended too early"))),
    ]);
    this.#files.push({ path, size, sha256: sum.digest("hex") });
  }

  async addBytes(path: string, bytes: Uint8Array): Promise<void> {
    await this.add(path, bytes.length, Readable.from([bytes]));
  }

  /** Adds the manifest and its signature, and gives the archive its name. */
  async end(
    about: Pick<BundleManifest, "created" | "database" | "before">,
    key: SecretKey | undefined,
  ): Promise<BundleManifest> {
    const manifest: BundleManifest = { format: 1, ...about, files: [...this.#files] };
    const text = `${JSON.stringify(manifest, null, 1)}\n`;
    await this.addBytes(manifestName, Buffer.from(text));
    if (key !== undefined) {
      await this.addBytes(signatureName, Buffer.from(signText(text, about.created, key)));
    }
    this.#tar.finalize();
    await this.#written.catch((failure: unknown) => {
      throw this.#refusal ?? failure;
    });
    await using file = await open(this.#temporary, "r");
    await file.sync();
    await rename(this.#temporary, this.#path);
    return manifest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tar.destroy();
    await this.#written.catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }
}

/** What was in an archive, beside the files that are in the folder now. */
export interface Unpacked {
  readonly manifest: BundleManifest;
  readonly isSigned: boolean;
}

/**
 * Unpacks what `wanted` names into a folder, and compares everything with the manifest. With `trust`, a public key, the
 * manifest must be signed by it. Rejects with a sentence; the folder is then not to be used.
 */
export async function unpackBundle(
  path: string,
  folder: string,
  {
    trust,
    wanted = () => true,
  }: { readonly trust?: PublicKey | undefined; readonly wanted?: (path: string) => boolean },
): Promise<Unpacked> {
  const found = new Map<string, FileSum>();
  const own = new Map<string, Buffer>();
  const archive = extract();
  const reading = pipeline(createReadStream(path), archive);
  reading.catch(() => undefined); // the loop rejects with it
  for await (const entry of readable(archive, path)) {
    const { name, type } = entry.header;
    if (type !== "file" || !isSafe(name) || found.has(name)) {
      throw new Error(`${path}: ${JSON.stringify(name)} does not belong into a bundle`);
    }
    const bytes = readable(entry as AsyncIterable<Buffer>, path);
    if (name === manifestName || name === signatureName) {
      own.set(name, Buffer.concat(await Array.fromAsync(bytes)));
    } else {
      found.set(name, await takeFile(bytes, wanted(name) ? join(folder, name) : undefined));
    }
  }
  await reading;
  const text = own.get(manifestName)?.toString("utf8");
  if (text === undefined)
    throw new Error(`${path} is no bundle, or ends too early: it has no ${manifestName}`);
  const signature = own.get(signatureName)?.toString("utf8");
  if (trust !== undefined && !isSigned(text, signature, trust)) {
    throw new Error(`${path} is not signed by the key that is trusted`);
  }
  const manifest = manifestIn(text, path);
  requireSame(manifest, found, path);
  return { manifest, isSigned: trust !== undefined };
}

/** What comes of a stream of the archive; what breaks it becomes a sentence. */
async function* readable<T>(source: AsyncIterable<T>, path: string): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = `there is no file ${path}`;
    throw new Error(code === "ENOENT" ? missing : `${path} is no bundle, or it is damaged`, {
      cause,
    });
  }
}

interface FileSum {
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Reads a file to its end, and writes it to `place` if there is one. */
async function takeFile(entry: AsyncIterable<Buffer>, place: string | undefined): Promise<FileSum> {
  if (place !== undefined) await mkdir(dirname(place), { recursive: true });
  await using out = place === undefined ? undefined : await open(place, "wx");
  const sum = createHash("sha256");
  let size = 0;
  for await (const chunk of entry) {
    sum.update(chunk);
    size += chunk.length;
    await out?.writeFile(chunk);
  }
  return { size, sha256: sum.digest("hex") };
}

/** A signature that is none is a signature by nobody. */
function isSigned(text: string, signature: string | undefined, by: PublicKey): boolean {
  if (signature === undefined) return false;
  try {
    return verifiesText(text, parseSignature(signature), by);
  } catch {
    return false;
  }
}

function manifestIn(text: string, path: string): BundleManifest {
  const manifest = parsed(text);
  if (manifest?.format === 1 && Array.isArray(manifest.files) && Array.isArray(manifest.before))
    return manifest;
  throw new Error(`${path} has another format than this program knows`);
}

function parsed(text: string): BundleManifest | undefined {
  try {
    return JSON.parse(text) as BundleManifest;
  } catch {
    return undefined;
  }
}

function requireSame(
  manifest: BundleManifest,
  found: ReadonlyMap<string, FileSum>,
  path: string,
): void {
  for (const file of manifest.files) {
    const there = found.get(file.path);
    if (there?.sha256 !== file.sha256 || there.size !== file.size) {
      throw new Error(`${path} is damaged: ${file.path} is not what it should be`);
    }
  }
  if (manifest.files.length !== found.size)
    throw new Error(`${path} has files that it does not name`);
}

/** Names of URLs, which need no more than this. */
function isSafe(name: string): boolean {
  return /^[!-~]+$/.test(name) && !/\\|^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(name);
}
