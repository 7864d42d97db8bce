// Which credentials are for which host, and for no other.
import { matchesModulePatterns } from "@stoa/gomod";

/** What to log in with; an entry of .netrc is one. */
export interface HostLogin {
  /** A host, or a pattern as in GOPRIVATE: `*.corp.example`, `github.com/acme`. */
  readonly machine: string;
  readonly login: string;
  readonly password: string;
}

/** The user names that hosts want beside a token. */
const tokenUsers: Readonly<Record<TokenKind, string>> = {
  github: "x-access-token",
  gitlab: "oauth2",
  gitea: "oauth2",
  bitbucket: "x-token-auth",
};

/** Who has issued a token. */
export type TokenKind = "github" | "gitlab" | "gitea" | "bitbucket";

/**
 * The login that a token is. Authority: docs.github.com (installation tokens), docs.gitlab.com (token overview),
 * docs.gitea.com (API usage), support.atlassian.com (repository access tokens).
 */
function tokenLogin(machine: string, token: string, kind?: TokenKind): HostLogin {
  const guessed = kind ?? guessKind(machine);
  return { machine, login: tokenUsers[guessed], password: token };
}

/** The header for requests to a URL; `undefined` where there is no login. The first that fits counts. */
export function authorizationFor(url: URL, logins: readonly HostLogin[]): string | undefined {
  const targets = [url.hostname, url.host].map((host) => `${host}${url.pathname}`);
  const found = logins.find(({ machine }) =>
    targets.some((target) => matchesModulePatterns(machine, target)),
  );
  if (found === undefined) return undefined;
  return `Basic ${Buffer.from(`${found.login}:${found.password}`).toString("base64")}`;
}

function guessKind(machine: string): TokenKind {
  if (/gitlab/.test(machine)) return "gitlab";
  if (/bitbucket/.test(machine)) return "bitbucket";
  return /gitea|forgejo|codeberg/.test(machine) ? "gitea" : "github";
}
