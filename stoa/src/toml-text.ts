// TOML that people write: parsed, or refused by file, line and column.
import { parse, TomlError } from "smol-toml";

/** The value of the text. Throws an error with one sentence that names the place. */
export function parsedToml(text: string, shownPath: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [sentence = cause.message] = cause.message
      .replace(/^Invalid TOML document: /, "")
      .split("\n");
    throw new Error(`${shownPath}:${cause.line}:${cause.column}: ${sentence}`, { cause });
  }
}
