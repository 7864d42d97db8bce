// What to log in with at the hosts of repositories.

/** A name and what proves it. */
export interface HostLogin {
  readonly login: string;
  readonly password: string;
  /** Where it was found, for people: `GithubToken`, `the file /home/a/.netrc`. */
  readonly from: string;
}

/**
 * The login for a URL; `undefined` where there is none, and the host may be asked without. It is asked before each use,
 * so it answers with what counts now. Rejects with a `ProxyFailure` if it cannot tell.
 */
export type HostCredentials = (url: URL) => Promise<HostLogin | undefined>;

/** The value of an Authorization header. Authority: RFC 7617. */
export function basicAuthorization({ login, password }: HostLogin): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString("base64")}`;
}
