// Which credentials are for which host, and for no other.
import { matchesModulePatterns } from "@stoa/gomod";

/** What to log in with; an entry of .netrc is one. */
export interface HostLogin {
  /** A host, or a pattern as in GOPRIVATE: `*.corp.example`, `github.com/acme`. */
  readonly machine: string;
  readonly login: string;
  readonly password: string;
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
