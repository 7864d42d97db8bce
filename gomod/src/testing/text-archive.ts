// Several files in one readable text: the txtar format.
import { trimSpace } from "../white-space.ts";

/** A comment, then files. Every content is empty or ends with a newline. */
export interface TextArchive {
  readonly comment: string;
  readonly files: readonly { readonly name: string; readonly content: string }[];
}

/**
 * Reads a text archive: a comment, then files, each begun by a line `-- name --`. No text is wrong.
 * Authority: golang.org/x/tools/txtar.Parse.
 */
export function parseTextArchive(text: string): TextArchive {
  const comment = { name: "", content: "" };
  const files: { name: string; content: string }[] = [];
  let current = comment;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const name = markedName(line);
    if (name === "") {
      current.content += line.endsWith("\n") ? line : `${line}\n`;
    } else {
      current = { name, content: "" };
      files.push(current);
    }
  }
  return { comment: comment.content, files };
}

/** The name in a marker line; "" for any other line. */
function markedName(line: string): string {
  const marked = /^-- (.*) --\n?$/s.exec(line)?.[1] ?? "";
  return trimSpace(marked);
}
