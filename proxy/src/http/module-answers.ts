// The five endpoints of the protocol: each a question to the application, and its answer with its lifetime.
import { checkModuleVersion, InvalidText, isVersion, type ModuleVersion } from "@stoa/gomod";
import type { VersionLists } from "../application/list-versions.ts";
import type { VersionFile, VersionFiles } from "../application/read-version-file.ts";
import type { Remembered } from "../application/remembered-answers.ts";
import type { QueryAnswers } from "../application/resolve-query.ts";
import type { FileKind, StoredFile } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { InfoDocument } from "../domain/upstream.ts";
import { type Answer, type AnswerBody, type Freshness, immutable, shortLived } from "./answer.ts";
import type { ModuleRequest } from "./module-request.ts";

/** A request for a module, as opposed to one for a page about the proxy or for a checksum database. */
export type EndpointRequest = Exclude<ModuleRequest, { readonly kind: "page" | "sumdb" }>;

/** What the client can do with the answer. */
export interface ClientWish {
  readonly keptOnly: boolean;
  /** It reads a whole zip from its beginning: no HEAD, no range. */
  readonly canFollow: boolean;
}

const contentTypes: Readonly<Record<FileKind, string>> = {
  info: "application/json; charset=utf-8",
  mod: "text/plain; charset=utf-8",
  zip: "application/zip",
};

/** Answers requests for modules. */
export class ModuleAnswers {
  readonly #files: VersionFiles;
  readonly #lists: VersionLists;
  readonly #queries: QueryAnswers;
  readonly #lifetimeMs: number;

  constructor(parts: {
    readonly files: VersionFiles;
    readonly lists: VersionLists;
    readonly queries: QueryAnswers;
    /** How long lists, latest and revision queries hold. */
    readonly lifetimeMs: number;
  }) {
    this.#files = parts.files;
    this.#lists = parts.lists;
    this.#queries = parts.queries;
    this.#lifetimeMs = parts.lifetimeMs;
  }

  /** The answer. Its body must be sent or let go. Rejects with a `ProxyFailure` that names the module. */
  async answer(request: EndpointRequest, wish: ClientWish, signal: AbortSignal): Promise<Answer> {
    try {
      switch (request.kind) {
        case "list":
          return await this.#list(request, wish, signal);
        case "latest":
          return await this.#latest(request, wish, signal);
        case "file":
          return await this.#file(request, wish, signal);
      }
    } catch (failure) {
      throw withSubject(failure, request);
    }
  }

  async #list(
    { path }: EndpointRequest & { kind: "list" },
    wish: ClientWish,
    signal: AbortSignal,
  ): Promise<Answer> {
    const list = wish.keptOnly
      ? justNow(await this.#lists.kept(path))
      : await this.#lists.list(path, signal);
    const text = list.value.map((version) => `${version}\n`).join("");
    return {
      body: { form: "bytes", bytes: Buffer.from(text) },
      contentType: "text/plain; charset=utf-8",
      ...this.#ageing(list),
      from: list.asked ? this.#lists.upstreamName : undefined,
    };
  }

  async #latest(
    { path }: EndpointRequest & { kind: "latest" },
    wish: ClientWish,
    signal: AbortSignal,
  ): Promise<Answer> {
    return this.#info(
      wish.keptOnly
        ? justNow(await this.#queries.latestKept(path))
        : await this.#queries.resolve(path, "latest", signal),
    );
  }

  async #file(
    request: EndpointRequest & { kind: "file" },
    wish: ClientWish,
    signal: AbortSignal,
  ): Promise<Answer> {
    const exact = exactVersion(request);
    if (exact !== undefined) return this.#exact(exact, request.file, wish, signal);
    const { path, version: query, file } = request;
    if (query === "upgrade" || query === "patch") {
      throw new ProxyFailure(
        "not_found",
        `"${query}" means something to the go command only, which never asks a proxy for it`,
      );
    }
    if (wish.keptOnly) {
      throw new ProxyFailure("not_found", "it is no canonical version, and only such are kept");
    }
    const resolved = await this.#queries.resolve(path, query, signal);
    if (file === "info") return this.#info(resolved);
    const module = { path, version: resolved.value.info.version };
    const answer = await this.#exact(module, file, wish, signal);
    return { ...answer, freshness: this.#ageing(resolved).freshness };
  }

  async #exact(
    module: ModuleVersion,
    kind: FileKind,
    wish: ClientWish,
    signal: AbortSignal,
  ): Promise<Answer> {
    const file = await this.#files.open(module, kind, wish, signal);
    return {
      body: await bodyOf(file, kind),
      contentType: contentTypes[kind],
      freshness: immutable,
      cache: file.from === undefined ? "hit" : "miss",
      from: file.from,
    };
  }

  #info(document: Remembered<InfoDocument>): Answer {
    return {
      body: { form: "bytes", bytes: document.value.bytes },
      contentType: contentTypes.info,
      ...this.#ageing(document),
      from: document.asked ? document.value.from : undefined,
    };
  }

  #ageing(remembered: Remembered<unknown>): { freshness: Freshness; cache: Answer["cache"] } {
    const { ageMs, stale, asked } = remembered;
    const known = stale ? "stale" : "hit";
    return {
      freshness: shortLived(this.#lifetimeMs, ageMs, stale),
      cache: asked && !stale ? "miss" : known,
    };
  }
}

/** The version itself, if the request names one that can exist for this path; otherwise it is a query. */
function exactVersion(request: EndpointRequest & { kind: "file" }): ModuleVersion | undefined {
  const { path, version } = request;
  if (!isVersion(version)) return undefined;
  try {
    checkModuleVersion(path, version);
    return { path, version };
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}

/** Small files are read whole: they are answered from memory from then on. */
async function bodyOf(file: VersionFile, kind: FileKind): Promise<AnswerBody> {
  if (file.form !== "stored" || kind === "zip") return file;
  return { form: "bytes", bytes: await readWhole(file.file) };
}

async function readWhole(stored: StoredFile): Promise<Uint8Array> {
  await using file = stored;
  const bytes = new Uint8Array(file.size);
  const length = await file.read(0, bytes);
  return bytes.subarray(0, length);
}

function justNow<T>(value: T): Remembered<T> {
  return { value, ageMs: 0, stale: false, asked: false };
}

/** Failures from below may not know what they are about; the request does. */
function withSubject(failure: unknown, request: EndpointRequest): unknown {
  if (!(failure instanceof ProxyFailure)) return failure;
  const version = request.kind === "file" ? request.version : undefined;
  return new ProxyFailure(failure.code, failure.message, {
    cause: failure,
    subject: { path: request.path, ...(version === undefined ? {} : { version }) },
  });
}
