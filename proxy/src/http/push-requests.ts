// Requests that tell of something new: the hooks of repositories' hosts, and the plain one.
import type { IncomingMessage } from "node:http";
import { InvalidText, isVersion, type ModuleVersion, parseModulePath } from "@stoa/gomod";
import type { ModuleRefresh, RefreshOrder, RefreshReport } from "../application/refresh-modules.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type Answer, accepted } from "./answer.ts";
import { TurnedBack } from "./gate.ts";
import { readPush } from "./hook-payloads.ts";
import { type HookHost, isSigned } from "./hook-signatures.ts";
import { readBody } from "./request-body.ts";

/** What it is made of. */
export interface PushParts {
  /** The secret of each host; a host without one is not listened to. */
  readonly secrets: ReadonlyMap<HookHost, string>;
  readonly refresh: Pick<ModuleRefresh, "refresh">;
}

/** Hosts send up to 25 MiB where somebody pushes thousands of commits. */
const mostBytes = 26 * 2 ** 20;

export class PushRequests {
  readonly #parts: PushParts;

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /** Does what a hook tells of. Rejects with a `ProxyFailure`, or turns back who is not known. */
  async hook(
    host: HookHost,
    query: string,
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<Answer> {
    const secret = this.#parts.secrets.get(host);
    if (secret === undefined) throw closed(host);
    const body = await readBody(request, mostBytes);
    if (!isSigned(host, request.headers, body, secret)) throw new TurnedBack(unsigned);
    return this.#refresh(hookOrder(host, body, modulesIn(query)), signal);
  }

  /** Renews what an administrator names. Rejects with a `ProxyFailure`. */
  async plain(query: string, request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const body = await readBody(request, mostBytes);
    return this.#refresh(plainOrder(body, modulesIn(query)), signal);
  }

  async #refresh(order: RefreshOrder, signal: AbortSignal): Promise<Answer> {
    return accepted(reportText(await this.#parts.refresh.refresh(order, signal)));
  }
}

function modulesIn(query: string): readonly string[] {
  const parameters = new URLSearchParams(query);
  return [...parameters.getAll("module"), ...parameters.getAll("modules")];
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

const unsigned = {
  status: 401,
  sentence:
    "unauthorized: the signature or token of this hook is missing or wrong; give the host the secret of the STOA_HOOK_ setting",
  headers: ["Cache-Control", "no-store"],
};

function closed(host: HookHost): ProxyFailure {
  return new ProxyFailure(
    "not_found",
    `hooks of ${host} are not listened to; STOA_HOOK_${host.toUpperCase()} with its secret opens this page`,
  );
}

function bad(message: string): ProxyFailure {
  return new ProxyFailure("bad_request", message);
}
