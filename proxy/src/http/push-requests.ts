// Requests that tell of something new: the hooks of repositories' hosts, and the plain one.
import type { IncomingMessage } from "node:http";
import { InvalidText, isVersion, type ModuleVersion, parseModulePath } from "@stoa/gomod";
import type { ModuleRefresh, RefreshOrder, RefreshReport } from "../application/refresh-modules.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { TurnedAway } from "./gate.ts";
import { readPush } from "./hook-payloads.ts";
import { type HookHost, hookHosts, isSigned } from "./hook-signatures.ts";

/** What it is made of. */
export interface PushParts {
  /** Where the proxy is mounted: "" or "/a/b". */
  readonly prefix: string;
  /** The secret of each host; a host without one is not listened to. */
  readonly secrets: ReadonlyMap<HookHost, string>;
  /** Whether administrators are served. */
  readonly adminApi: boolean;
  readonly refresh: Pick<ModuleRefresh, "refresh">;
}

/** The answer: 202 and what has been done, or a refusal. */
export interface PushAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: readonly string[];
}

/** Hosts send up to 25 MiB where somebody pushes thousands of commits. */
const mostBytes = 26 * 2 ** 20;
const noStore = ["Cache-Control", "no-store"];

export class PushRequests {
  readonly #parts: PushParts;

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /** Who a target is for; `undefined` if it is not for this. */
  kindOf(target: string): HookHost | "refresh" | undefined {
    const path = target.replace(/\?.*$/s, "");
    if (path === `${this.#parts.prefix}/api/modules/refresh`) return "refresh";
    return hookHosts.find((host) => path === `${this.#parts.prefix}/api/hooks/${host}`);
  }

  /** Reads a request and does what it says. Rejects with a `ProxyFailure`. */
  async answer(
    kind: HookHost | "refresh",
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<PushAnswer> {
    const secret = kind === "refresh" ? undefined : this.#parts.secrets.get(kind);
    if (kind === "refresh" ? !this.#parts.adminApi : secret === undefined) throw closed(kind);
    const body = await readBody(request);
    if (kind !== "refresh" && !isSigned(kind, request.headers, body, secret ?? "")) return unsigned;
    const parameters = new URL(request.url ?? "/", "http://stoa.invalid").searchParams;
    const named = [...parameters.getAll("module"), ...parameters.getAll("modules")];
    const order = kind === "refresh" ? plainOrder(body, named) : hookOrder(kind, body, named);
    const report = await this.#parts.refresh.refresh(order, signal);
    return { status: 202, text: reportText(report), headers: noStore };
  }
}

/** A hook may name the roots of the modules, where these are not the repository's address. */
function hookOrder(host: HookHost, body: Buffer, named: readonly string[]): RefreshOrder {
  try {
    const { roots, tags } = readPush(host, body.toString());
    return { roots: [...roots, ...named], tags, modules: [], versions: [] };
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure;
    throw bad("the body of the hook is no JSON: choose application/json as its content type");
  }
}

/** One module or `MODULE@VERSION` on each line. */
function plainOrder(body: Buffer, named: readonly string[]): RefreshOrder {
  const lines = [...body.toString().split("\n"), ...named].map((line) => line.trim());
  const texts = lines.filter((line) => line !== "");
  if (texts.length === 0) {
    throw bad("name modules: ?module=example.com/m@v1.0.0, or one on each line of the body");
  }
  const versions = texts.flatMap((text) => (text.includes("@") ? [parseModule(text)] : []));
  const modules = texts.filter((text) => !text.includes("@")).map(parsePath);
  return { roots: [], tags: [], modules, versions };
}

function parseModule(text: string): ModuleVersion {
  const at = text.indexOf("@");
  const version = text.slice(at + 1);
  if (!isVersion(version)) throw bad(`${text} names no canonical version, such as v1.2.3`);
  return { path: parsePath(text.slice(0, at)), version };
}

function parsePath(text: string): ModuleVersion["path"] {
  try {
    return parseModulePath(text);
  } catch (failure) {
    if (failure instanceof InvalidText) throw bad(failure.message);
    throw failure;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBytes) throw bad(`the body is larger than ${mostBytes / 2 ** 20} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reportText({ modules, versions }: RefreshReport): string {
  const because = (reason: string | undefined): string =>
    reason === undefined ? "" : `: ${reason}`;
  const lines = [
    ...modules.map(({ path, state, reason }) => `${path} ${state}${because(reason)}`),
    ...versions.map(
      ({ module, state, reason }) => `${module.path}@${module.version} ${state}${because(reason)}`,
    ),
  ];
  return lines.length === 0 ? "accepted; it tells of no module here" : lines.join("\n");
}

const unsigned: PushAnswer = {
  status: 401,
  text: "unauthorized: the signature or token of this hook is missing or wrong; give the host the secret of the STOA_HOOK_ setting",
  headers: noStore,
};

/** How the handler counts and logs such a refusal of methods. */
export const pushMethod: Omit<TurnedAway, "endpoint"> = {
  status: 405,
  sentence: "method not allowed: only POST is answered here",
  headers: ["Allow", "POST", ...noStore],
};

function closed(kind: HookHost | "refresh"): ProxyFailure {
  const advice =
    kind === "refresh"
      ? "this page is for administrators; STOA_ADMIN_API=true and STOA_ADMIN_TOKEN open it"
      : `hooks of ${kind} are not listened to; STOA_HOOK_${kind.toUpperCase()} with its secret opens this page`;
  return new ProxyFailure("not_found", advice);
}

function bad(message: string): ProxyFailure {
  return new ProxyFailure("bad_request", message);
}
