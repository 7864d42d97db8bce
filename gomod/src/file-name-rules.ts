// What the path of a file in a module may look like.
import { InvalidText, quoted } from "./invalid-text.ts";
import { pathProblem } from "./path-element.ts";
import { youngCharacter } from "./unicode-age.ts";

/**
 * Throws `InvalidText` of kind `file path` unless `path` is a relative, slash-separated path that every system can
 * hold: letters, digits, some punctuation and spaces; no `.` and `..`, no trailing dots, no device names of Windows.
 * Authority: golang.org/x/mod module.CheckFilePath.
 */
export function checkFilePath(path: string): void {
  const problem = filePathProblem(path);
  if (problem !== undefined) throw new InvalidText("file path", path, problem);
}

/** Why `path` cannot be the path of a file in a module, as the end of a sentence, or `undefined`. */
export function filePathProblem(path: string): string | undefined {
  const problem = pathProblem(path, "file");
  if (problem !== undefined) return problem;
  const young = youngCharacter.exec(path);
  return young === null
    ? undefined
    : `the go command does not know the character ${quoted(young[0])}`;
}
