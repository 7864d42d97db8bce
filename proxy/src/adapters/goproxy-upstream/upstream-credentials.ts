// Which credentials go to which host, and to no other.
import type { NetrcEntry } from "./netrc.ts";

/** The `Authorization` header for a request to `url`; undefined where none may be sent. */
export type Authorization = (url: URL) => string | undefined;

/**
 * The user name and password of the upstream's own URL are for its origin alone. Any host, also one that the upstream
 * redirects to, gets what .netrc has for it; the first entry counts.
 */
export function authorizationFor(upstream: URL, netrc: readonly NetrcEntry[]): Authorization {
  const own =
    upstream.username === "" && upstream.password === ""
      ? undefined
      : basic(decoded(upstream.username), decoded(upstream.password));
  return (url) => {
    if (own !== undefined && url.origin === upstream.origin) return own;
    const entry = netrc.find(({ machine }) => machine === url.hostname || machine === url.host);
    return entry && basic(entry.login, entry.password);
  };
}

function basic(login: string, password: string): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString("base64")}`;
}

/** A `%` that begins no UTF-8 character is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
