// Secret keys with which people sign: read from their files.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseSecretKey, type SecretKey } from "@stoa/deployment/minisign";
import { whyUnreadable } from "../config/unreadable-file.ts";

/** The secret key in a file. Throws a sentence that names it. */
export async function readKeyFile(folder: string, file: string): Promise<SecretKey> {
  const path = resolve(folder, file);
  try {
    return parseSecretKey(await readFile(path, "utf8"));
  } catch (cause) {
    throw new Error(
      `${path} cannot be used as a key: ${whyUnreadable(cause)}; stoa key make FILE makes one`,
      {
        cause,
      },
    );
  }
}
