// What a URL asks for. The only place that takes URLs apart.
import { InvalidText, type ModulePath, unescapePath, unescapeVersion } from "@stoa/gomod";
import type { FileKind } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type HookHost, hookHosts } from "./hook-signatures.ts";
import { parseSumdbRequest, type SumdbRequest } from "./sumdb-request.ts";

/** A page about the proxy itself. */
export type PageName = "home" | "healthz" | "readyz" | "version" | "metrics" | "robots.txt";

/** A page for programs: what is kept, what came when, what the policy decides. */
export type RecordName = "catalog" | "index" | "api/modules/explain";

/** A page that is posted to, to have something done. */
export type OrderName =
  | "api/modules/seed"
  | "api/modules/refresh"
  | "api/modules/keep"
  | `api/hooks/${HookHost}`;

/**
 * A request in the words of the protocol. `keptOnly` is set by the base path `/cached-only`: answer from what is kept,
 * ask nobody (go.dev/ref/mod#goproxy-protocol, and the public mirror's convention).
 */
export type ModuleRequest =
  | { readonly kind: "page"; readonly page: PageName }
  /** `query` is what stands behind the question mark, still escaped. */
  | { readonly kind: "record"; readonly page: RecordName; readonly query: string }
  | { readonly kind: "order"; readonly page: OrderName; readonly query: string }
  | SumdbRequest
  | { readonly kind: "list"; readonly path: ModulePath; readonly keptOnly: boolean }
  | { readonly kind: "latest"; readonly path: ModulePath; readonly keptOnly: boolean }
  | {
      readonly kind: "file";
      readonly path: ModulePath;
      /** Unescaped: a canonical version, or a query such as a branch or a commit. */
      readonly version: string;
      readonly file: FileKind;
      readonly keptOnly: boolean;
    };

/** A request for a module, as opposed to one for a page about the proxy or for a checksum database. */
export type EndpointRequest = Exclude<
  ModuleRequest,
  { readonly kind: "page" | "record" | "order" | "sumdb" }
>;

/** Longer URLs name no module: the longest module paths in use are below 200 bytes. */
const maxTargetLength = 4096;

const recordPages = new Set(["catalog", "index", "api/modules/explain"]);
const orderPages = new Set([
  "api/modules/seed",
  "api/modules/refresh",
  "api/modules/keep",
  ...hookHosts.map((host) => `api/hooks/${host}`),
]);
const rootPages = new Set(["healthz", "readyz", "version", "metrics", "robots.txt"]);

/**
 * Reads a request target, still escaped, as it stood in the request line. Throws a `ProxyFailure`: `bad_request` if it
 * is no proper URL path, `not_found` if it is one that names nothing.
 *
 * `prefix` is where the proxy is mounted: "" or "/a/b". The pages about its health and its numbers are found at the root
 * as well, for probes that do not know the prefix; and under a prefix the root itself says, as in Athens, that the proxy
 * is well.
 */
export function parseModuleRequest(target: string, prefix: string): ModuleRequest {
  const path = decodedPath(target);
  const page = path.slice(1);
  if (rootPages.has(page)) return { kind: "page", page: page as PageName };
  if (page === "" && prefix !== "") return { kind: "page", page: "healthz" };
  const inside = withoutPrefix(path, prefix);
  if (inside === "") return { kind: "page", page: "home" };
  if (rootPages.has(inside)) return { kind: "page", page: inside as PageName };
  const query = /\?([^#]*)/.exec(target)?.[1] ?? "";
  if (recordPages.has(inside)) return { kind: "record", page: inside as RecordName, query };
  if (orderPages.has(inside)) return { kind: "order", page: inside as OrderName, query };
  const keptOnly = inside.startsWith("cached-only/");
  return parseEndpoint(keptOnly ? inside.slice("cached-only/".length) : inside, keptOnly);
}

/** The path of a request target in origin or absolute form (RFC 9112 §3.2), percent-decoded once; `+` stays `+`. */
export function decodedPath(target: string): string {
  if (target.length > maxTargetLength) throw bad(`the URL is longer than ${maxTargetLength} bytes`);
  const origin = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");
  const end = origin.search(/[?#]/);
  const path = decodePercent(end < 0 ? origin : origin.slice(0, end));
  if (path === "") return "/";
  if (!path.startsWith("/")) throw bad("the URL's path does not begin with a slash");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
  if (/[\u0000-\u001f\u007f\\]/.test(path)) {
    throw bad("the URL has a control character or a backslash in it");
  }
  if (/\/\.{0,2}(?=\/)|\/\.{1,2}$/.test(path)) {
    throw bad("the URL has an empty, '.' or '..' element in it");
  }
  return path;
}

function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad("the URL has a malformed percent-escape in it");
  }
}

/** The path below the prefix, without its leading slash. */
function withoutPrefix(path: string, prefix: string): string {
  if (prefix === "") return path.slice(1);
  if (path.startsWith(`${prefix}/`)) return path.slice(prefix.length + 1);
  throw new ProxyFailure("not_found", `there is nothing here; this proxy is at ${prefix}/`);
}

function parseEndpoint(inside: string, keptOnly: boolean): ModuleRequest {
  if (inside.startsWith("sumdb/")) {
    return parseSumdbRequest(inside.slice("sumdb/".length), keptOnly);
  }
  if (inside.endsWith("/@latest")) {
    return { kind: "latest", path: modulePathIn(inside.slice(0, -"/@latest".length)), keptOnly };
  }
  const at = inside.indexOf("/@v/");
  if (at < 0) {
    throw new ProxyFailure(
      "not_found",
      "no such page; module requests look like /example.com/module/@v/list",
    );
  }
  const escapedPath = inside.slice(0, at);
  const name = inside.slice(at + "/@v/".length);
  if (name === "list") return { kind: "list", path: modulePathIn(escapedPath), keptOnly };
  const { version, file } = splitFileName(name);
  return { kind: "file", path: modulePathIn(escapedPath), version, file, keptOnly };
}

function splitFileName(name: string): { version: string; file: FileKind } {
  const dot = name.lastIndexOf(".");
  const file = name.slice(dot + 1);
  if (dot <= 0 || (file !== "info" && file !== "mod" && file !== "zip")) {
    throw new ProxyFailure(
      "not_found",
      "after /@v/ a proxy has list, VERSION.info, VERSION.mod and VERSION.zip, and nothing else",
    );
  }
  return { version: orNotFound(() => unescapeVersion(name.slice(0, dot))), file };
}

/** Unescapes a module path. Throws `not_found`. */
export function modulePathIn(escaped: string): ModulePath {
  return orNotFound(() => unescapePath(escaped));
}

/** A name that breaks the rules names nothing: the go command may go on to its next proxy. */
function orNotFound<T>(parse: () => T): T {
  try {
    return parse();
  } catch (failure) {
    if (failure instanceof InvalidText) {
      throw new ProxyFailure("not_found", failure.message, { cause: failure });
    }
    throw failure;
  }
}

function bad(message: string): ProxyFailure {
  return new ProxyFailure("bad_request", message);
}
