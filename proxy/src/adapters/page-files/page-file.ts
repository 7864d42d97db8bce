// A file that is shown as a page; an operator may put it there, change it or take it away at any time.
import { readFile } from "node:fs/promises";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** The file's text; undefined if there is no such file. Rejects with `store_unavailable` if it cannot be read. */
export async function readPageFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ProxyFailure("store_unavailable", `the file ${path} cannot be read (${code})`, {
      cause,
    });
  }
}
