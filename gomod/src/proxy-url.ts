// Which URLs the go command takes for a module proxy, and how to show one without its password.

/**
 * Why the go command refuses a URL as a proxy, as the end of a sentence, or `undefined`. It is laxer than the URL
 * standard of browsers, except for file URLs. Authority: cmd/go modfetch newProxyRepo, which asks Go's net/url.Parse.
 */
export function proxyUrlProblem(url: string): string | undefined {
  const hash = url.indexOf("#");
  const fragment = hash < 0 ? "" : url.slice(hash + 1);
  const location = hash < 0 ? url : url.slice(0, hash);
  if (/[^ -~\u0080-\uffff]/.test(location)) return "it has a control character";

  const scheme = /^([A-Za-z][-+.0-9A-Za-z]*):/.exec(location)?.[1];
  if (scheme === undefined) return "it has no scheme; write it as https://host";
  const rest = location.slice(scheme.length + 1);
  if (hasBadEscape(fragment)) return badEscape("fragment");
  switch (scheme.toLowerCase()) {
    case "http":
    case "https":
      return webProblem(rest);
    case "file":
      return fileProblem(rest, fragment);
    default:
      return `its scheme is ${scheme}, not https, http or file`;
  }
}

/** The URL without user name and password. */
export function redactUrl(url: string): string {
  const at = url.lastIndexOf("@");
  if (at < 0) return url;
  const authority = url.indexOf("//");
  return `${authority < 0 || authority > at ? "" : url.slice(0, authority + 2)}…${url.slice(at)}`;
}

function webProblem(rest: string): string | undefined {
  const [location = ""] = rest.split("?", 1);
  // Without a slash in front it is opaque: Go does not look into it.
  if (!location.startsWith("/")) return undefined;
  if (!location.startsWith("//")) return hasBadEscape(location) ? badEscape("path") : undefined;
  const slash = location.indexOf("/", 2);
  const authority = location.slice(2, slash < 0 ? undefined : slash);
  if (slash >= 0 && hasBadEscape(location.slice(slash))) return badEscape("path");
  const at = authority.lastIndexOf("@");
  return userProblem(authority.slice(0, Math.max(at, 0))) ?? hostProblem(authority.slice(at + 1));
}

/** A file URL is `file://` and a path, without host, query or fragment. */
function fileProblem(rest: string, fragment: string): string | undefined {
  if (fragment !== "" || !/^\/\/(?:\/[^?]*)?$/.test(rest)) {
    return "a file URL is file:// and an absolute path, and nothing else";
  }
  return hasBadEscape(rest) ? badEscape("path") : undefined;
}

function userProblem(user: string): string | undefined {
  if (/[^-0-9A-Za-z._:~!$&'()*+,;=%@]/.test(user) || hasBadEscape(user)) {
    return "its user name or password holds a character that must be percent-encoded";
  }
  return undefined;
}

function hostProblem(host: string): string | undefined {
  const bracket = host.lastIndexOf("[");
  if (bracket > 0) return "a bracket stands inside its host";
  const close = bracket === 0 ? host.lastIndexOf("]") : -1;
  if (bracket === 0 && close < 0) return "a closing bracket is missing after its host";

  const port = bracket === 0 ? host.slice(close + 1) : (/:.*$/s.exec(host)?.[0] ?? "");
  if (!/^(?::[0-9]*)?$/.test(port)) return "its port is not a number";
  if (bracket === 0) return addressProblem(host.slice(1, close));
  return hasBadHostCharacter(host) ? "its host holds a character that no host may have" : undefined;
}

/** An IPv6 address, maybe with a zone: `fe80::1%25en0`. */
function addressProblem(literal: string): string | undefined {
  const zoneStart = literal.indexOf("%25");
  const address = zoneStart < 0 ? literal : literal.slice(0, zoneStart);
  const zone = zoneStart < 0 ? undefined : literal.slice(zoneStart + "%25".length);
  if (!/^[0-9A-Fa-f:.]+$/.test(address) || !URL.canParse(`http://[${address}]/`)) {
    return "what stands in brackets is not an IPv6 address";
  }
  if (zone === undefined) return undefined;
  // In a zone, any character of a host may be percent-encoded, and a space too.
  const plain = zone
    .replace(/%(25|20)/g, "")
    .replace(/%([0-7][0-9A-Fa-f])/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return zone === "" || plain.includes("%") || hasBadHostCharacter(plain)
    ? "the zone of its address holds a character that no host may have"
    : undefined;
}

/** Authority: Go's net/url, unescape in the mode for hosts. */
function hasBadHostCharacter(host: string): boolean {
  return /[^-0-9A-Za-z._~!$&'()*+,;=:[\]<>"%\u0080-\uffff]|%(?!25|[89A-Fa-f][0-9A-Fa-f])/.test(
    host,
  );
}

function hasBadEscape(text: string): boolean {
  return /%(?![0-9A-Fa-f]{2})/.test(text);
}

function badEscape(part: string): string {
  return `in its ${part} a "%" is not followed by two hexadecimal digits`;
}
