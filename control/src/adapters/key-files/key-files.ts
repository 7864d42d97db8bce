// The control plane's own files: its signing key, the keys of settings, the end of the audit log, and its first token.
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  makeSecretKey,
  makeSettingsKey,
  parseSecretKey,
  parseSettingsKey,
  type SecretKey,
  type SettingsKey,
  secretKeyFile,
  settingsKeyLine,
} from "@stoa/deployment";
import type { AuditEnd, AuditMemory } from "../../domain/audit-memory.ts";
import { ControlFailure } from "../../domain/control-failure.ts";
import { checkedName } from "../../domain/names.ts";
import type { SettingsKeys } from "../../domain/settings-keys.ts";

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

/** The keys of settings in a folder, one file for each environment. */
export function settingsKeyFiles(root: string): SettingsKeys {
  return new SettingsKeyFiles(join(root, "keys", "settings"));
}

class SettingsKeyFiles implements SettingsKeys {
  readonly #folder: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async of(environment: string): Promise<readonly [SettingsKey, ...SettingsKey[]]> {
    const [newest, ...older] = await this.#read(environment);
    if (newest !== undefined) return [newest, ...older];
    return await this.#inTurn(async () => {
      const [made, ...others] = await this.#read(environment);
      return made === undefined ? [await this.#add(environment, [])] : [made, ...others];
    });
  }

  async renew(environment: string): Promise<SettingsKey> {
    return await this.#inTurn(
      async () => await this.#add(environment, await this.#read(environment)),
    );
  }

  async #add(environment: string, known: readonly SettingsKey[]): Promise<SettingsKey> {
    const key = makeSettingsKey();
    const lines = [key, ...known].map((one) => `${settingsKeyLine(one)}\n`);
    await writePrivate(this.#file(environment), lines.join(""));
    return key;
  }

  async #read(environment: string): Promise<readonly SettingsKey[]> {
    const text = await read(this.#file(environment));
    return (text ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map(parseSettingsKey);
  }

  #file(environment: string): string {
    return join(this.#folder, `${checkedName(environment, "an environment")}.keys`);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    return await turn;
  }
}

/** The end of the audit log, in a file of a folder. One that is damaged is as good as none: the signed head remains. */
export function auditMemoryFile(root: string): AuditMemory {
  const file = join(root, "audit-end.json");
  return {
    read: async () => {
      const text = await read(file);
      return text === undefined ? undefined : endIn(text);
    },
    write: async (end) => await writePrivate(file, `${JSON.stringify(end)}\n`),
  };
}

function endIn(text: string): AuditEnd | undefined {
  try {
    const { number, hash } = JSON.parse(text);
    return Number.isSafeInteger(number) && typeof hash === "string" ? { number, hash } : undefined;
  } catch {
    return undefined;
  }
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
  await replacePrivate(file, text).catch((cause: NodeJS.ErrnoException) => {
    const isFull = cause.code === "ENOSPC" || cause.code === "EDQUOT";
    const next = isFull ? "; make room there and ask again, what runs goes on meanwhile" : "";
    throw new ControlFailure(
      isFull ? "store_full" : "store_unavailable",
      `${file} cannot be written: ${cause.message}${next}`,
      { cause },
    );
  });
}

async function replacePrivate(file: string, text: string): Promise<void> {
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
