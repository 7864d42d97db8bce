// Which paths files of a bundle may have: relative ones that stay inside and mean the same everywhere.

/** The longest path in bytes, and the longest of its parts: what Linux takes (limits.h, PATH_MAX and NAME_MAX). */
const longestPath = 4095;
const longestPart = 255;

/** Why a path may not stand in a bundle, as the end of a sentence that begins with the path; `undefined` if it may. */
export function bundlePathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (!path.isWellFormed()) return "is not Unicode";
  if (hasControlCharacter(path)) return "holds a control character";
  if (path.startsWith("/")) return "is absolute; paths in a bundle are relative";
  if (path.includes("\\")) return "holds a backslash";
  if (Buffer.byteLength(path) > longestPath) return `is longer than ${longestPath} bytes`;
  for (const part of path.split("/")) {
    const problem = partProblem(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function partProblem(part: string): string | undefined {
  if (part === "") return "has an empty part";
  if (part === "." || part === "..") return `has the part ${part}`;
  if (Buffer.byteLength(part) > longestPart) return `has a part of more than ${longestPart} bytes`;
  return undefined;
}

/** Whether a text holds what no name should: characters below the space, or DEL. */
export function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}
