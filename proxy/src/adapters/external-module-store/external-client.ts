// Athens' protocol for storages elsewhere, as its client speaks it.
import { randomBytes } from "node:crypto";
import { escapePath, type ModulePath, type ModuleVersion } from "@stoa/gomod";
import { distrustOf } from "../../domain/engine-reason.ts";
import type { FileKind, ModuleFiles } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

const pieceBytes = 1 << 20;

/**
 * `GET <base>/<module>/@v/list` and `…/<version>.info`, `.mod`, `.zip`; `POST …/<version>.save` with the files as a form;
 * `DELETE …/<version>.delete`.
 * The module is escaped, the version is not. 404 means "not there", anything else but 200 is a failure.
 * Authority: gomods/athens, pkg/storage/external.
 */
export class ExternalClient {
  readonly #base: string;
  readonly #host: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** A user and a password in the URL are sent as basic authentication. */
  constructor(address: string) {
    const url = new URL(address);
    const account = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    const credentials = Buffer.from(account).toString("base64");
    this.#headers = account === ":" ? {} : { authorization: `Basic ${credentials}` };
    this.#host = url.host;
    this.#base = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  }

  /** The lines of the list; none if the module is not known there. */
  async list(path: ModulePath): Promise<readonly string[]> {
    const answer = await this.#ask(`${escapePath(path)}/@v/list`);
    if (answer === undefined) return [];
    const text = await this.#during(() => answer.text());
    return text.split("\n").filter((line) => line !== "");
  }

  /** A file from `position` on, if the server can do that; otherwise all of it. */
  async file(
    module: ModuleVersion,
    kind: FileKind,
    position = 0,
  ): Promise<ExternalFile | undefined> {
    const range = position === 0 ? {} : { range: `bytes=${position}-` };
    const answer = await this.#ask(pathOf(module, kind), { headers: range });
    if (answer === undefined) return undefined;
    const length = answer.headers.get("content-length");
    const pieces = (answer.body ?? new ReadableStream()).values();
    return {
      size: length === null ? undefined : Number(length),
      beginsAt: answer.status === 206 ? position : 0,
      pieces: { next: () => this.#during(() => pieces.next()) },
      end: async () => {
        await pieces.return?.().catch(() => undefined);
      },
    };
  }

  /** Says whether the server has accepted the files; why not is not told apart in this protocol. */
  async save(module: ModuleVersion, files: ModuleFiles): Promise<boolean> {
    const boundary = `stoa-${randomBytes(16).toString("hex")}`;
    const answer = await this.#during(() =>
      fetch(`${this.#base}/${pathOf(module, "save")}`, {
        method: "POST",
        headers: { ...this.#headers, "content-type": `multipart/form-data; boundary=${boundary}` },
        body: ReadableStream.from(formOf(files, boundary)),
        duplex: "half",
        redirect: "error",
      }),
    );
    await answer.body?.cancel();
    if (answer.status >= 500) throw this.#refused(answer.status);
    return answer.status === 200;
  }

  /** One that is not there is no failure. */
  async remove(module: ModuleVersion): Promise<void> {
    const answer = await this.#ask(pathOf(module, "delete"), { method: "DELETE" });
    await answer?.body?.cancel();
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response | undefined> {
    const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
    const answer = await this.#during(() =>
      fetch(`${this.#base}/${path}`, { ...init, headers, redirect: "error" }),
    );
    if (answer.status === 200 || answer.status === 206) return answer;
    await answer.body?.cancel();
    if (answer.status === 404) return undefined;
    throw this.#refused(answer.status);
  }

  #refused(status: number): ProxyFailure {
    return new ProxyFailure(
      "store_unavailable",
      `the storage failed: ${this.#host} answers with status ${status}`,
    );
  }

  async #during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      // fetch and its bodies throw TypeErrors for whatever goes wrong on the way.
      if (!(cause instanceof TypeError)) throw cause;
      throw new ProxyFailure(
        "store_unavailable",
        `the storage failed: ${this.#host}: ${distrustOf(cause) ?? "it cannot be reached, or broke off"}`,
        { cause },
      );
    }
  }
}

/** A file on its way. */
export interface ExternalFile {
  /** Of what is on its way, in bytes; `undefined` if the server does not say. */
  readonly size: number | undefined;
  readonly beginsAt: number;
  readonly pieces: AsyncIterator<Uint8Array>;
  end(): Promise<void>;
}

function pathOf({ path, version }: ModuleVersion, what: FileKind | "save" | "delete"): string {
  return `${escapePath(path)}/@v/${version.replaceAll("+", "%2B")}.${what}`;
}

/** Three files, in this order. Authority: gomods/athens, pkg/storage/external/client.go. */
async function* formOf(
  { info, mod, zip }: ModuleFiles,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  const head = (name: string): Uint8Array =>
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    );
  yield head("mod.info");
  yield info;
  yield Buffer.from("\r\n");
  yield head("mod.mod");
  yield mod;
  yield Buffer.from("\r\n");
  yield head("mod.zip");
  for (let position = 0; position < zip.size; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, zip.size - position));
    const count = await zip.read(position, piece);
    yield piece.subarray(0, count);
    position += count;
  }
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}
