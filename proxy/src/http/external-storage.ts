// Athens' protocol for external storage, as the server: a running Athens keeps its modules here.
import type { IncomingMessage } from "node:http";
import type { ModulePath, ModuleVersion } from "@stoa/gomod";
import type { ArrivingPart, VersionAcceptance } from "../application/accept-version.ts";
import type { VersionRemoval } from "../application/remove-versions.ts";
import type { FileKind, ModuleStore } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type Answer, momentary } from "./answer.ts";
import { type ExternalRequest, parseExternalRequest } from "./external-request.ts";
import { isBelow } from "./gate.ts";
import { multipartFiles } from "./multipart-files.ts";

/** What it is made of. */
export interface ExternalStorageParts {
  /** Where it is mounted, with the prefix of the proxy: `/go/storage`. */
  readonly base: string;
  readonly store: ModuleStore;
  readonly acceptance: VersionAcceptance;
  /** Absent if the store removes nothing. */
  readonly removal: VersionRemoval | undefined;
  /** Told when a version has been removed. */
  readonly onRemoved: () => void;
}

const contentTypes: Readonly<Record<FileKind, string>> = {
  info: "application/json; charset=utf-8",
  mod: "text/plain; charset=utf-8",
  zip: "application/zip",
};

/** The fields of the form that Athens sends. */
const fields: Readonly<Record<string, FileKind>> = {
  "mod.info": "info",
  "mod.mod": "mod",
  "mod.zip": "zip",
};

/**
 * Answers from the store alone, and nothing but whole versions: who asks has an upstream of its own, and takes an info for
 * a version. Authority: gomods/athens, pkg/storage/external.
 */
export class ExternalStorage {
  readonly #parts: ExternalStorageParts;

  constructor(parts: ExternalStorageParts) {
    this.#parts = parts;
  }

  /** Reads the target of a request; `undefined` if it is not for this storage. Throws a `ProxyFailure`. */
  parse(target: string): ExternalRequest | undefined {
    const { base } = this.#parts;
    return isBelow(target, base) ? parseExternalRequest(target, base) : undefined;
  }

  /** The answer. Its body must be sent or let go. Rejects with a `ProxyFailure`. */
  async answer(
    asked: ExternalRequest,
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<Answer> {
    switch (asked.operation) {
      case "list":
        return this.#list(asked.path);
      case "read":
        return this.#read(asked.module, asked.file);
      case "save":
        await this.#parts.acceptance.accept(asked.module, partsOf(request, signal), signal);
        return words("");
      case "delete":
        await this.#delete(asked.module);
        return words("");
    }
  }

  async #list(path: ModulePath): Promise<Answer> {
    const versions = await this.#parts.store.versions(path);
    return words(versions.map((version) => `${version}\n`).join(""));
  }

  async #read(module: ModuleVersion, kind: FileKind): Promise<Answer> {
    const file = await this.#parts.store.open(module, kind);
    if (file === undefined) throw notKept(module);
    return {
      body: { form: "stored", file },
      contentType: contentTypes[kind],
      freshness: momentary,
      cache: "hit",
      from: undefined,
    };
  }

  async #delete(module: ModuleVersion): Promise<void> {
    const { removal, onRemoved } = this.#parts;
    if (removal === undefined) {
      const message = "this store removes nothing while it is served";
      throw new ProxyFailure("unsupported", message, { subject: module });
    }
    const [found] = await removal.find(`${module.path}@${module.version}`);
    if (found === undefined || found.traces.state === "absent") throw notKept(module);
    await removal.remove(module);
    onRemoved();
  }
}

/** Fields of other names are passed over. */
async function* partsOf(
  request: IncomingMessage,
  signal: AbortSignal,
): AsyncGenerator<ArrivingPart, void, undefined> {
  for await (const { field, body } of multipartFiles(request, signal)) {
    const kind = fields[field];
    if (kind !== undefined) yield { kind, body };
    else for await (const _chunk of body);
  }
}

function words(text: string): Answer {
  return {
    body: { form: "bytes", bytes: Buffer.from(text) },
    contentType: "text/plain; charset=utf-8",
    freshness: momentary,
    cache: "none",
    from: undefined,
  };
}

function notKept(subject: ModuleVersion): ProxyFailure {
  return new ProxyFailure("not_found", "it is not in this storage", { subject });
}
