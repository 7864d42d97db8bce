// A real module proxy on a loopback port that serves fixtures, remembers what it was asked, and fails on command.
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  escapePath,
  escapeVersion,
  isPrerelease,
  isPseudoVersion,
  sortVersions,
  unescapePath,
  unescapeVersion,
} from "@stoa/gomod";
import type { ModuleFixture } from "@stoa/gomod/testing";

/** What goes wrong. Without `times` it goes wrong until `heal`. */
export type Fault = FaultKind & {
  /** How many requests it meets before it is over. */
  readonly times?: number;
};

type FaultKind =
  /** Another answer. */
  | {
      readonly status: number;
      readonly body?: string | Uint8Array;
      readonly headers?: Record<string, string>;
    }
  /** Takes the request and never answers. */
  | { readonly hang: true }
  /** Closes the connection instead of answering. */
  | { readonly reset: true }
  /** Answers as usual, but not before this has resolved. */
  | { readonly until: Promise<unknown> }
  /** Breaks off after so many bytes of the body; their number is announced as usual. */
  | { readonly cutAfter: number }
  /** Sends the client elsewhere: to the same path below another base, or to `location` just as it is. */
  | { readonly redirectTo: string }
  | { readonly location: string; readonly status?: number }
  /** Encodes the body, whether the client asked for it or not. */
  | { readonly coding: "gzip" | "deflate" | "br" }
  /** Announces so many bytes, whatever comes. */
  | { readonly announce: number }
  /** Announces no length. */
  | { readonly chunked: true }
  /** Sends the body slowly. */
  | { readonly drip: { readonly bytes: number; readonly everyMs: number } };

/** A request, in the order of arrival. */
export interface RecordedRequest {
  readonly method: string;
  /** Percent-decoded, so that `!` is `!`. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** When it came, by `performance.now()`. */
  readonly atMs: number;
  /** Resolves when the answer has been sent whole, or the client or a fault has broken it off. */
  readonly ended: Promise<"whole" | "broken">;
}

export interface FixtureProxyOptions {
  /** Key and certificate in PEM: the proxy then speaks HTTPS, HTTP/2 if the client wants it. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whether zips have a strong ETag and can be asked for in parts, as those of the public mirror; yes by default. */
  readonly ranges?: boolean;
}

export interface FixtureProxy extends AsyncDisposable {
  /** For GOPROXY, without a slash at its end. */
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** How many connections were opened to it. */
  readonly connections: number;
  add(...fixtures: readonly ModuleFixture[]): void;
  /** Lets requests fail whose path contains, or matches, `path`. The fault set last comes first. */
  fail(path: string | RegExp, fault: Fault): void;
  /** Ends all faults. Requests that hang already go on hanging. */
  heal(): void;
  /** The first request, past or coming, whose path contains or matches `path`. */
  requested(path: string | RegExp): Promise<RecordedRequest>;
  /** Breaks off what is under way, like disposing. */
  close(): Promise<void>;
}

/** Starts a proxy that serves these module versions: `await using upstream = await fixtureProxy([a, b])`. */
export async function fixtureProxy(
  fixtures: readonly ModuleFixture[] = [],
  options: FixtureProxyOptions = {},
): Promise<FixtureProxy> {
  const proxy = new RunningFixtureProxy(options);
  proxy.add(...fixtures);
  await proxy.listen();
  return proxy;
}

interface SetFault {
  readonly path: string | RegExp;
  readonly fault: Fault;
  left: number;
}

/** What would be sent if nothing went wrong. */
interface PlannedAnswer {
  status: number;
  body: Uint8Array;
  headers: Record<string, string>;
  pieces: { readonly bytes: number; readonly everyMs: number } | undefined;
  cutAfter: number | undefined;
}

class RunningFixtureProxy implements FixtureProxy {
  readonly requests: RecordedRequest[] = [];
  connections = 0;
  url = "";
  readonly #ranges: boolean;
  readonly #scheme: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #fixtures: ModuleFixture[] = [];
  #files: ReadonlyMap<string, Uint8Array> = new Map();
  #faults: SetFault[] = [];
  readonly #awaited: { path: string | RegExp; found: (request: RecordedRequest) => void }[] = [];

  constructor({ tls, ranges = true }: FixtureProxyOptions) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(request, response).catch((failure: unknown) =>
        response.destroy(failure as Error),
      );
    };
    this.#ranges = ranges;
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server =
      tls === undefined
        ? createServer(answer)
        : createSecureServer({ ...tls, allowHTTP1: true }, answer as never);
    this.#server.on("connection", (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    this.url = `${this.#scheme}://127.0.0.1:${port}`;
  }

  add(...fixtures: readonly ModuleFixture[]): void {
    this.#fixtures.push(...fixtures);
    this.#files = filesOf(this.#fixtures);
  }

  fail(path: string | RegExp, fault: Fault): void {
    this.#faults.unshift({ path, fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  heal(): void {
    this.#faults = [];
  }

  requested(path: string | RegExp): Promise<RecordedRequest> {
    const past = this.requests.find((request) => matches(path, request.path));
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((found) => this.#awaited.push({ path, found }));
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? "");
    this.#record(path, request, response);
    const set = this.#faults.find((one) => one.left > 0 && matches(one.path, path));
    const plan = this.#plan(path, request);
    if (set === undefined) return send(plan, request, response);
    set.left -= 1;
    const { fault } = set;
    if ("hang" in fault) return;
    if ("reset" in fault) {
      request.socket.destroy();
      return;
    }
    if ("until" in fault) await fault.until;
    return send(spoilt(plan, fault, path), request, response);
  }

  #record(path: string, request: IncomingMessage, response: ServerResponse): void {
    const record: RecordedRequest = {
      method: request.method ?? "",
      path,
      headers: request.headers,
      atMs: performance.now(),
      ended: new Promise((resolve) => {
        response.on("finish", () => resolve("whole"));
        response.on("close", () => resolve("broken")); // comes last, also after "finish"
      }),
    };
    this.requests.push(record);
    for (const { path: wanted, found } of this.#awaited) if (matches(wanted, path)) found(record);
  }

  #plan(path: string, request: IncomingMessage): PlannedAnswer {
    const whole = this.#files.get(path);
    const plan = { pieces: undefined, cutAfter: undefined };
    if (whole === undefined) {
      const headers = { "content-type": "text/plain; charset=UTF-8" };
      return { ...plan, status: 404, body: Buffer.from(absenceText(path)), headers };
    }
    const headers = { "content-type": contentType(path) };
    if (!this.#ranges || !path.endsWith(".zip")) {
      return { ...plan, status: 200, body: whole, headers };
    }
    const etag = `"${createHash("sha256").update(whole).digest("hex").slice(0, 16)}"`;
    const tagged = { ...headers, etag, "accept-ranges": "bytes" };
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
    if (!(start < whole.length) || (request.headers["if-range"] ?? etag) !== etag) {
      return { ...plan, status: 200, body: whole, headers: tagged };
    }
    const range = `bytes ${start}-${whole.length - 1}/${whole.length}`;
    const partial = { ...tagged, "content-range": range };
    return { ...plan, status: 206, body: whole.subarray(start), headers: partial };
  }
}

function matches(wanted: string | RegExp, path: string): boolean {
  return typeof wanted === "string" ? path.includes(wanted) : wanted.test(path);
}

/** Everything that can be asked for, by its path. */
function filesOf(fixtures: readonly ModuleFixture[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const path of new Set(fixtures.map(({ module }) => module.path))) {
    const ofModule = fixtures.filter(({ module }) => module.path === path);
    const base = `/${escapePath(path)}`;
    for (const { module, info, mod, zip } of ofModule) {
      const file = `${base}/@v/${escapeVersion(module.version)}`;
      files.set(`${file}.info`, info).set(`${file}.mod`, mod).set(`${file}.zip`, zip);
    }
    const versions = sortVersions(ofModule.map(({ module }) => module.version));
    const tags = versions.filter((version) => !isPseudoVersion(version));
    files.set(`${base}/@v/list`, Buffer.from(tags.map((version) => `${version}\n`).join("")));
    const latest =
      tags.findLast((version) => !isPrerelease(version)) ?? tags.at(-1) ?? versions.at(-1);
    const info = ofModule.find(({ module }) => module.version === latest)?.info;
    if (info !== undefined) files.set(`${base}/@latest`, info);
  }
  return files;
}

/** As the public mirror says it. */
function absenceText(path: string): string {
  const [, module = "", version = ""] = /^\/(.+)\/@v\/(.+)\.(?:info|mod|zip)$/.exec(path) ?? [];
  if (module === "") return "not found: no such module";
  const name = `${unescapePath(module)}@${unescapeVersion(version)}`;
  return `not found: ${name}: invalid version: unknown revision ${unescapeVersion(version)}`;
}

function contentType(path: string): string {
  if (path.endsWith(".zip")) return "application/zip";
  if (path.endsWith(".info") || path.endsWith("/@latest")) return "application/json";
  return "text/plain; charset=UTF-8";
}

/** The answer with the fault in it. */
function spoilt(plan: PlannedAnswer, fault: Fault, path: string): PlannedAnswer {
  if ("redirectTo" in fault) {
    const location = `${fault.redirectTo}${path.replaceAll("!", "%21")}`;
    return redirect(plan, 302, location);
  }
  if ("location" in fault) return redirect(plan, fault.status ?? 302, fault.location);
  if ("status" in fault) {
    const headers = { "content-type": "text/plain; charset=UTF-8", ...fault.headers };
    return { ...plan, status: fault.status, body: Buffer.from(fault.body ?? ""), headers };
  }
  if ("coding" in fault) {
    const encode = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }[fault.coding];
    const headers = { ...plan.headers, "content-encoding": fault.coding };
    return { ...plan, body: encode(plan.body), headers };
  }
  if ("announce" in fault) {
    const headers = { "content-length": `${fault.announce}`, connection: "close" };
    return { ...plan, headers: { ...plan.headers, ...headers } };
  }
  if ("chunked" in fault) {
    return { ...plan, headers: { ...plan.headers, "transfer-encoding": "chunked" } };
  }
  if ("cutAfter" in fault) return { ...plan, cutAfter: fault.cutAfter };
  if ("drip" in fault) return { ...plan, pieces: fault.drip };
  return plan;
}

function redirect(plan: PlannedAnswer, status: number, location: string): PlannedAnswer {
  const body = Buffer.from("<a href>Moved</a>\n");
  return { ...plan, status, body, headers: { location, "content-type": "text/html" } };
}

async function send(
  plan: PlannedAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { body, headers, cutAfter, pieces } = plan;
  const length =
    "transfer-encoding" in headers ? undefined : { "content-length": `${body.length}` };
  response.writeHead(plan.status, { ...length, ...headers });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  if (cutAfter !== undefined) {
    response.write(body.subarray(0, cutAfter), () => request.socket.destroy());
    return;
  }
  if (pieces !== undefined) return drip(body, pieces, response);
  response.end(body);
}

/** Stops when the client is gone. */
async function drip(
  body: Uint8Array,
  { bytes, everyMs }: { readonly bytes: number; readonly everyMs: number },
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    for (let at = 0; at < body.length; at += bytes) {
      if (at > 0) await setTimeout(everyMs, undefined, { signal: gone.signal });
      response.write(body.subarray(at, at + bytes));
    }
    response.end();
  } catch {
    // The only way here: nobody listens any more.
  }
}
