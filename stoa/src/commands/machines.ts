// stoa machines [list | add | remove]
import { parsePublicKey } from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { giveJson, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";
import { tagsOf } from "./tokens.ts";

/** What is said of a machine that reads the documents from a bucket or folder. */
export interface AddOptions {
  readonly environment: string;
  readonly key: string;
  readonly tags?: string;
  readonly arch: string;
  readonly json?: boolean;
}

/** Lets the control plane look for what a machine writes into the store. */
export async function addMachine(
  place: CommandPlace,
  machine: string,
  { environment, key, tags, arch, json }: AddOptions,
): Promise<void> {
  parsePublicKey(key);
  const client = new ControlClient(await readLogin(place.environment));
  const said = { machine, environment, publicKey: key, arch, tags: tagsOf(tags ?? "") };
  const added = await client.post<object>("/machines", said);
  if (json === true) giveJson(added);
  else
    say(`${machine} is known in ${environment}; it is heard as soon as it writes into the store`);
}

/** Forgets a machine; what runs on it runs on. */
export async function removeMachine(place: CommandPlace, machine: string): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  await client.remove(`/machines/${encodeURIComponent(machine)}`);
  say(`${machine} is forgotten; what runs on it runs on until its agent is stopped`);
}
