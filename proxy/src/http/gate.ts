// Who is let in: TLS and basic authentication, asked of every request before anything else.
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { hostOf, isSecure } from "./request-origin.ts";

/** What is asked of requests. */
export interface GateRules {
  /** Send clients without TLS to https. */
  readonly forceSsl: boolean;
  /** The one account; without it everybody is let in. */
  readonly account: { readonly user: string; readonly password: string } | undefined;
  /** What administrators bring as `Authorization: Bearer …`; it opens everything. */
  readonly adminToken: string | undefined;
  /** Where the proxy is mounted: "" or "/a/b". */
  readonly prefix: string;
  /** A place with an account of its own, which takes the place of the other; its token alone is enough, as a bearer's. */
  readonly storage?:
    | { readonly base: string; readonly user: string; readonly token: string }
    | undefined;
}

/** The answer to a request that is not let in. */
export interface TurnedAway {
  /** What was wrong, for log and counters. */
  readonly endpoint: "insecure" | "unauthorized";
  readonly status: number;
  readonly sentence: string;
  readonly headers: readonly string[];
}

/** Thrown where a request is turned away by who sends it, or by its method. */
export class TurnedBack extends Error {
  readonly answer: Omit<TurnedAway, "endpoint">;

  constructor(answer: Omit<TurnedAway, "endpoint">) {
    super(answer.sentence);
    this.answer = answer;
  }
}

/** Looks at a request. Undefined means that it is let in. */
export type Gate = (request: IncomingMessage) => TurnedAway | undefined;

/** The pages that probes ask for; they are open at the root and under the prefix. */
const probes = ["/healthz", "/readyz"];

/** The gate for these rules; undefined if there is nothing to ask. */
export function openGate(rules: GateRules): Gate | undefined {
  const { forceSsl, account, adminToken, prefix, storage } = rules;
  if (!forceSsl && account === undefined && storage === undefined) return undefined;
  const open = new Set([...probes, ...probes.map((path) => `${prefix}${path}`)]);
  const isMember = account === undefined ? () => true : accountCheck(account);
  const isAdministrator = adminToken === undefined ? () => false : tokenCheck(adminToken);
  const storageGate = storage && openStorageGate(storage);
  return (request) => {
    if (open.has(pathOf(request))) return undefined;
    if (forceSsl && !isSecure(request)) return toHttps(request);
    if (storage !== undefined && isBelow(request.url ?? "", storage.base)) {
      return storageGate?.(request);
    }
    // Hooks bear signatures of their own: see push-requests.ts.
    if (isBelow(request.url ?? "", `${prefix}/api/hooks`)) return undefined;
    const { authorization } = request.headers;
    return isMember(authorization) || isAdministrator(authorization) ? undefined : unauthorized;
  };
}

/** The gate before the pages of administrators, behind the other one; undefined where that one is enough. */
export function openAdminGate({ adminToken }: Pick<GateRules, "adminToken">): Gate | undefined {
  if (adminToken === undefined) return undefined;
  const isAdministrator = tokenCheck(adminToken);
  return ({ headers }) => (isAdministrator(headers.authorization) ? undefined : noAdministrator);
}

/** Whether a target, as it stands in the request line, is below a path. One that is written in another way is not. */
export function isBelow(target: string, base: string): boolean {
  return target.startsWith(`${base}/`);
}

function openStorageGate({ user, token }: { user: string; token: string }): Gate {
  const isAccount = accountCheck({ user, password: token });
  const isBearer = tokenCheck(token);
  return ({ headers: { authorization } }) =>
    isBearer(authorization) || isAccount(authorization) ? undefined : unknownStorageClient;
}

/**
 * Compares without telling by its duration how much was right. What every client sends is compared as it is; another
 * spelling of the same (the scheme in another case, say) by hashes, which costs several times as much.
 */
function accountCheck({ user, password }: { user: string; password: string }) {
  const account = `${user}:${password}`;
  const usual = Buffer.from(`Basic ${Buffer.from(account).toString("base64")}`);
  const given = Buffer.alloc(usual.length);
  const expected = digest(account);
  return (header: string | undefined): boolean => {
    if (header?.length === usual.length) {
      given.write(header, "latin1");
      if (timingSafeEqual(given, usual)) return true;
    }
    const encoded = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? "")?.[1] ?? "";
    return timingSafeEqual(digest(Buffer.from(encoded, "base64").toString()), expected);
  };
}

function tokenCheck(token: string) {
  const expected = digest(token);
  return (header: string | undefined): boolean => {
    const given = /^bearer +(\S+) *$/i.exec(header ?? "")?.[1];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** The path as it stands in the request line: one that is written in another way is not open. */
function pathOf({ url = "/" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

const unauthorized: TurnedAway = {
  endpoint: "unauthorized",
  status: 401,
  sentence:
    "unauthorized: this proxy asks for a user name and a password; put them into .netrc, or into the URL in GOPROXY",
  headers: [
    "WWW-Authenticate",
    'Basic realm="basic auth required", charset="UTF-8"',
    "Cache-Control",
    "no-store",
  ],
};

const unknownStorageClient: TurnedAway = {
  endpoint: "unauthorized",
  status: 401,
  sentence:
    "unauthorized: this storage has a user and a token of its own; put them into the URL: https://USER:TOKEN@HOST/PATH",
  headers: [
    "WWW-Authenticate",
    'Basic realm="external storage", charset="UTF-8"',
    "Cache-Control",
    "no-store",
  ],
};

const noAdministrator: TurnedAway = {
  endpoint: "unauthorized",
  status: 401,
  sentence:
    "unauthorized: this page is for administrators; send Authorization: Bearer and the token of STOA_ADMIN_TOKEN",
  headers: ["WWW-Authenticate", 'Bearer realm="administrators"', "Cache-Control", "no-store"],
};

function toHttps(request: IncomingMessage): TurnedAway {
  const target = (request.url ?? "/").replace(/^https?:\/\/[^/?#]*/i, "");
  const location = `https://${hostOf(request)}${target.startsWith("/") ? target : `/${target}`}`;
  return {
    endpoint: "insecure",
    status: 301,
    sentence: `this proxy is to be used with TLS: ${location}`,
    headers: [
      "Location",
      location,
      "Cache-Control",
      "public, max-age=3600",
      "Vary",
      "X-Forwarded-Proto",
    ],
  };
}
