// Changing the policy of an environment: by the server's signature, or by those of its administrators.
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { countersign, type Policy, type SecretKey } from "@stoa/deployment";
import { readNamedFile, whyUnwritable } from "../config/unreadable-file.ts";
import type { ControlClient } from "./control-client.ts";
import { readKeyFile } from "./key-file.ts";

/** The policy of an environment as the control plane shows it. */
export interface ShownPolicy {
  /** 0 where there is none. */
  readonly serial: number;
  readonly signers: readonly string[];
  readonly policy?: Policy;
  readonly unready: readonly string[];
}

/** Which policy is changed, and from where. */
export interface PolicyPlace {
  readonly client: ControlClient;
  /** Where files of keys and documents are looked for. */
  readonly folder: string;
  readonly environment: string;
}

/** How a change is signed. */
export interface Signing {
  /** Files of secret keys. */
  readonly key: readonly string[];
  /** Where the signed document goes instead of into force. */
  readonly save?: string;
  readonly reason?: string;
}

/** The policy that holds. */
export async function readPolicy(client: ControlClient, environment: string): Promise<ShownPolicy> {
  return await client.get<ShownPolicy>(pathOf(environment));
}

/**
 * Changes the policy. Without keys the server signs; with keys these sign too. Resolves to `undefined` where the document was
 * saved for others to sign.
 */
export async function changePolicy(
  { client, folder, environment }: PolicyPlace,
  change: object,
  { key, save, reason = "" }: Signing,
): Promise<ShownPolicy | undefined> {
  const { serial } = await readPolicy(client, environment);
  const wish = { serial, change, reason };
  const path = pathOf(environment);
  if (key.length === 0 && save === undefined) return await client.post<ShownPolicy>(path, wish);
  const drafted = await client.post<{ envelope: string }>(`${path}/drafts`, wish);
  const envelope = await signed(drafted.envelope, folder, key);
  if (save === undefined) return await client.put<ShownPolicy>(path, { envelope, reason });
  await writeFile(resolve(folder, save), envelope, { flag: "wx" }).catch((cause: unknown) => {
    throw new Error(`${save} cannot be written: ${whyUnwritable(cause)}`, { cause });
  });
  return undefined;
}

/** Puts a document in force that was saved, with more signatures. */
export async function publishPolicy(
  { client, folder, environment }: PolicyPlace,
  file: string,
  { key, reason = "" }: Signing,
): Promise<ShownPolicy | undefined> {
  const text = readNamedFile(resolve(folder, file));
  const envelope = await signed(text, folder, key);
  return await client.put<ShownPolicy>(pathOf(environment), { envelope, reason });
}

async function signed(envelope: string, folder: string, files: readonly string[]): Promise<string> {
  const keys: SecretKey[] = [];
  for (const file of files) keys.push(await readKeyFile(folder, file));
  return keys.reduce((text, key) => countersign(text, "policy", key), envelope);
}

function pathOf(environment: string): string {
  return `/environments/${encodeURIComponent(environment)}/policy`;
}
