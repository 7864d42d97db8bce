// Tokens and passwords that the operator gave to hosts, or to parts of them.
import { readFile } from "node:fs/promises";
import { matchesModulePatterns } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { HostLogin } from "../../domain/repository/host-credentials.ts";

/** What kind of host a token is for, or `basic` where a user name comes with it. */
export type TokenKind = "github" | "gitlab" | "gitea" | "bitbucket" | "basic";

/** One entry of the list; the first whose pattern fits counts. */
export interface HostToken {
  /** A host, with a port if that counts, or a pattern as in GOPRIVATE: `*.corp.example`, `github.com/acme`. */
  readonly pattern: string;
  readonly kind: TokenKind;
  /** The token; `user:password` for `basic`. `@` and a path stand for the first line of that file. */
  readonly secret: string;
}

/** The user names that the hosts document for tokens; Gitea takes any. */
const users: Readonly<Record<Exclude<TokenKind, "basic">, string>> = {
  github: "x-access-token",
  gitlab: "oauth2",
  gitea: "oauth2",
  bitbucket: "x-token-auth",
};

/** A token with the login that it makes. */
export interface TokenLogin {
  readonly pattern: string;
  readonly login: HostLogin;
}

/** The files that tokens are read from. */
export function tokenFiles(tokens: readonly HostToken[]): readonly string[] {
  return tokens.flatMap(({ secret }) => (secret.startsWith("@") ? [secret.slice(1)] : []));
}

/** Reads the tokens that lie in files. Rejects with a sentence if one cannot be read. */
export function readTokens(tokens: readonly HostToken[]): Promise<readonly TokenLogin[]> {
  return Promise.all(
    tokens.map(async ({ pattern, kind, secret }) => {
      const text = secret.startsWith("@") ? await firstLine(secret.slice(1)) : secret;
      return { pattern, login: { ...loginOf(kind, text), from: `HostTokens for ${pattern}` } };
    }),
  );
}

/** Whether a pattern is for a URL: it fits the beginning of host and path. */
export function isForHost(pattern: string, url: URL): boolean {
  const path = url.pathname.replace(/\.git(?=\/|$)/, "");
  return [url.hostname, url.host].some((host) => matchesModulePatterns(pattern, `${host}${path}`));
}

function loginOf(kind: TokenKind, secret: string): { login: string; password: string } {
  if (kind !== "basic") return { login: users[kind], password: secret };
  const colon = secret.indexOf(":");
  return { login: secret.slice(0, colon), password: secret.slice(colon + 1) };
}

async function firstLine(path: string): Promise<string> {
  try {
    const [line = ""] = (await readFile(path, "utf8")).split("\n");
    return line.trim();
  } catch (cause) {
    const message = `the file ${path} with a token for repositories cannot be read`;
    throw new ProxyFailure("upstream_unavailable", message, { cause });
  }
}
