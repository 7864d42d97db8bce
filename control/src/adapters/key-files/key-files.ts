// The control plane's own files: its signing key and the token of its first administrator.
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeSecretKey, parseSecretKey, type SecretKey, secretKeyFile } from "@stoa/deployment";
import { ControlFailure } from "../../domain/control-failure.ts";

/** Where the token of the first administrator is written. */
function adminTokenFile(root: string): string {
  return join(root, "admin-token");
}

/** The signing key in a folder, in minisign's format; made and kept if there is none. */
export async function openSigningKey(root: string): Promise<SecretKey> {
  const file = join(root, "keys", "signing.key");
  const text = await read(file);
  if (text !== undefined) return parseSecretKey(text);
  const key = makeSecretKey();
  await writePrivate(file, secretKeyFile(key));
  return key;
}

/** Makes the first administrator's token and writes it down, unless that was done before. */
export async function ensureAdminToken(root: string, make: () => Promise<string>): Promise<void> {
  const file = adminTokenFile(root);
  if ((await read(file)) === undefined) await writePrivate(file, `${await make()}\n`);
}

async function read(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new ControlFailure("store_unavailable", `${file} cannot be read: ${cause.message}`, {
      cause,
    });
  });
}

/** Whole or absent, and for the owner alone. */
async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const staged = `${file}.new`;
  const handle = await open(staged, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(staged, file);
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
