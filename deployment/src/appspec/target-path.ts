// Paths on a machine, as an appspec writes them.
import { hasControlCharacter } from "../bundle-path.ts";

/** An absolute path in its one spelling: no double slashes, no `.`, none at the end.  */
export function targetPath(text: string): { readonly path: string } | { readonly problem: string } {
  if (!text.startsWith("/"))
    return { problem: "must begin with a slash: it is a place on the machine" };
  if (hasControlCharacter(text)) return { problem: "holds a control character" };
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return { problem: "must not go up with .." };
  return { path: `/${parts.join("/")}` };
}

/** `/a/b` and `c` are `/a/b/c`. */
export function joinTarget(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}

/** The folders above a path, outermost first, without the root. */
export function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
