// What a disk complains about, in the words of blob stores.
import { BlobFailure, type BlobFailureKind } from "../blob-failure.ts";

/** Whether the operating system refused with one of these codes. */
export function hasCode(failure: unknown, ...codes: readonly string[]): boolean {
  return (
    failure instanceof Error &&
    "code" in failure &&
    typeof failure.code === "string" &&
    codes.includes(failure.code)
  );
}

/** A blob that is not there: also one in a folder that is a blob, or of a name that cannot be. */
export function isAbsence(failure: unknown): boolean {
  return hasCode(failure, "ENOENT", "ENOTDIR");
}

/** Errors of the operating system become a `BlobFailure`; others stay what they are. */
export function translateDiskFailure(failure: unknown, root: string): unknown {
  if (hasCode(failure, "ERR_SQLITE_ERROR")) {
    const [kind, sentence] = meaningOf("EIO", root);
    return new BlobFailure(kind, sentence, { cause: failure });
  }
  if (!(failure instanceof Error && "syscall" in failure && "code" in failure)) return failure;
  const code = String(failure.code);
  const [kind, sentence] = meaningOf(code, root);
  return new BlobFailure(kind, sentence, { cause: failure });
}

function meaningOf(code: string, root: string): readonly [BlobFailureKind, string] {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return ["full", `the disk under ${root} is full: free some space there (${code})`];
    case "EROFS":
      return ["full", `the disk under ${root} is mounted read-only: mount it writable`];
    case "EACCES":
    case "EPERM":
      return [
        "denied",
        `this program may not use the files under ${root}: give its user permission`,
      ];
    case "ENOENT":
    case "ENODEV":
    case "ESTALE":
      return ["missing_store", `the folder ${root} is gone: mount or create it again (${code})`];
    case "ENAMETOOLONG":
    case "EISDIR":
    case "ENOTDIR":
      return ["bad_key", `the disk under ${root} cannot keep a blob of this name (${code})`];
    default:
      return ["unreachable", `the disk under ${root} failed (${code}): look at the system's log`];
  }
}
