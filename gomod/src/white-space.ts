// White space as Go's unicode package knows it, which is not quite JavaScript's.

const space =
  "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const oneSpace = new RegExp(`^${space}$`);

/** Go's unicode.IsSpace. Unlike `\s` it knows U+0085 and does not know the byte order mark U+FEFF. */
export function isSpace(character: string): boolean {
  return oneSpace.test(character);
}

/** Go's strings.TrimSpace. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charAt(start))) start++;
  while (start < end && isSpace(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}
