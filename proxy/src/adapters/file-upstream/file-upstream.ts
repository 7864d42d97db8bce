// A directory laid out like a module proxy as an upstream: `file:///…`, such as GOMODCACHE/cache/download.
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import { infoOfQuery, infoOfVersion } from "../../domain/info-answer.ts";
import { filePath, listPath, queryPath } from "../../domain/protocol-path.ts";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import type { InfoDocument, Upstream, ZipDelivery } from "../../domain/upstream.ts";
import {
  type ListedVersion,
  latestListed,
  parseVersionList,
  taggedVersions,
} from "../../domain/version-list.ts";

/**
 * `url` is a `file` URL. The directory is read anew at every call; it may be read-only, and absent for a while: that is
 * an outage, while a file that is absent in it does not exist. Throws if the URL is none.
 */
export function fileUpstream(url: string): Upstream {
  return new FileUpstream(fileURLToPath(url));
}

class FileUpstream implements Upstream {
  readonly name: string;
  readonly #root: string;

  constructor(root: string) {
    this.name = `file://${root}`;
    this.#root = root;
  }

  async list(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return taggedVersions(await this.#fullList({ path }, signal));
  }

  async resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<InfoDocument> {
    const subject = { path, version: query };
    try {
      const bytes = await this.#read(queryPath(path, query), subject, signal);
      return infoOfQuery(bytes, { path, query }, this.name);
    } catch (failure) {
      if (query !== "latest" || !isAbsence(failure)) throw failure;
      // The tree of a module cache has no `@latest`; its list does instead (cmd/go modfetch.proxyRepo.Latest).
      const version = latestListed(await this.#fullList(subject, signal));
      if (version === undefined) throw failure;
      return this.info({ path, version }, signal);
    }
  }

  async info(module: ModuleVersion, signal: AbortSignal): Promise<InfoDocument> {
    const bytes = await this.#read(filePath(module, "info"), module, signal);
    return infoOfVersion(bytes, module, this.name);
  }

  mod(module: ModuleVersion, signal: AbortSignal): Promise<Uint8Array> {
    return this.#read(filePath(module, "mod"), module, signal);
  }

  async zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery> {
    const file = join(this.#root, filePath(module, "zip"));
    try {
      const { size } = await stat(file);
      signal.throwIfAborted();
      return { size, body: this.#zipBytes(file, size, module, signal), from: this.name };
    } catch (failure) {
      throw await this.#failure(failure, module, signal);
    }
  }

  /** Opens the file when its first bytes are wanted, so that a body that nobody reads holds nothing. */
  async *#zipBytes(
    file: string,
    size: number,
    module: ModuleVersion,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let received = 0;
    try {
      for await (const chunk of createReadStream(file, { signal, highWaterMark: 2 ** 18 })) {
        received += chunk.length;
        yield chunk;
      }
    } catch (failure) {
      throw await this.#failure(failure, module, signal);
    }
    if (received === size) return;
    const message = `the zip in ${this.name} changed while it was read`;
    throw new ProxyFailure("upstream_unavailable", message, { subject: module });
  }

  async #fullList(subject: FailureSubject, signal: AbortSignal): Promise<readonly ListedVersion[]> {
    const bytes = await this.#read(listPath(subject.path), subject, signal);
    return parseVersionList(new TextDecoder().decode(bytes), subject.path);
  }

  async #read(file: string, subject: FailureSubject, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await readFile(join(this.#root, file), { signal });
    } catch (failure) {
      throw await this.#failure(failure, subject, signal);
    }
  }

  /** An absent file means that the module is absent only as long as the directory itself is there. */
  async #failure(cause: unknown, subject: FailureSubject, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return signal.reason;
    if (cause instanceof ProxyFailure) return cause;
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") {
      if (await isDirectory(this.#root)) {
        return new ProxyFailure("not_found", `${this.name} does not have it`, { subject, cause });
      }
      const message = `${this.name} is no directory; is something not mounted?`;
      return new ProxyFailure("upstream_unavailable", message, { subject, cause });
    }
    const message = `${this.name} cannot be read (${code})`;
    return new ProxyFailure("upstream_unavailable", message, { subject, cause });
  }
}

function isAbsence(failure: unknown): boolean {
  return failure instanceof ProxyFailure && failure.code === "not_found";
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
