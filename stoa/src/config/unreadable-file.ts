// Files that somebody has named, and why one cannot be read or written, in words.
import { readFileSync } from "node:fs";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};

/** The reason alone: `there is no such file`. */
export function whyUnreadable(cause: unknown): string {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}

/** The text of a file that was named on the command line. Throws a sentence. */
export function readNamedFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${whyUnreadable(cause)}`, { cause });
  }
}

const writeReasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  ENOTDIR: "there is no such folder",
  EACCES: "this user may not write there",
  EROFS: "the disk is mounted read-only",
  EISDIR: "it is a folder",
  EEXIST: "it is there already; choose another name",
  ENOSPC: "the disk is full",
};

/** The reason alone: `there is no such folder`. */
export function whyUnwritable(cause: unknown): string {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return writeReasons[code] ?? message;
}
