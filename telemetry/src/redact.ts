// Takes credentials out of text before anybody can read them.

const mask = "***";

const secretWord =
  "(?:authorization|cookie|passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?" +
  "|account[_-]?key|private[_-]?key|credentials?|signature)";
const secretName = new RegExp(`${secretWord}$`, "i");

/** Patterns of text that holds a credential, and what to put in its place. */
const patterns: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // https://user:password@host; the last @ counts, and only before the path, where an @ is an ordinary character
  [/:\/\/[^\s/?#"'<>\\]+@/g, `://${mask}@`],
  // user:password@tcp(host:3306)/database
  [/(?<![^\s"'=])[^\s"']{1,200}@(?=(?:tcp|unix)\()/g, `${mask}@`],
  // "access_token": "…"
  [
    new RegExp(`"([\\w.-]*${secretWord})"(\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, "gi"),
    `"$1"$2"${mask}"`,
  ],
  // X-Amz-Signature=…&password=…
  [new RegExp(`(?<![\\w.-])([\\w.-]*${secretWord}|sig|pwd)=[^\\s&;,"'<>]+`, "gi"), `$1=${mask}`],
  // Authorization: …, PRIVATE-TOKEN: …
  [
    /(?<![\w-])(authorization|cookie|(?:\w+-)+(?:authorization|cookie|token|key|secret))(\s*:\s*)[^\s"'][^"'\n]*/gi,
    `$1$2${mask}`,
  ],
  // Bearer …, Basic …; but not "basic authentication"
  [
    /\b([Bb]earer|BEARER|[Bb]asic|BASIC)(\s+)(?![a-z]+(?![\w+/=.~-]))[\w+/=.~-]{4,}/g,
    `$1$2${mask}`,
  ],
];

/**
 * The text with credentials masked: user and password in URLs and data source names, values of Authorization and cookie
 * headers, and of whatever is named like a password, token, key or signature.
 */
export function redact(text: string): string {
  return patterns.reduce((masked, [pattern, by]) => masked.replace(pattern, by), text);
}

/** The text with credentials masked, and nothing of it left if it bears the name of a secret. */
export function redactNamed(name: string, text: string): string {
  return secretName.test(name) && text !== "" ? mask : redact(text);
}
