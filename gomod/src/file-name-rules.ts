// What the path of a file in a module may look like.
import { InvalidText } from "./invalid-text.ts";
import { pathProblem } from "./path-element.ts";

/**
 * Throws `InvalidText` of kind `file path` unless `path` is a relative, slash-separated path that every system can
 * hold: letters, digits, some punctuation and spaces; no `.` and `..`, no trailing dots, no device names of Windows.
 * Authority: golang.org/x/mod module.CheckFilePath.
 */
export function checkFilePath(path: string): void {
  const problem = pathProblem(path, "file");
  if (problem !== undefined) throw new InvalidText("file path", path, problem);
}
