// stoa env set | unset | list | key | rotate
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** Which service is meant. */
export interface SettingsOptions {
  readonly service: string;
  readonly environment: string;
  readonly json?: boolean;
}

/** Sets variables, each `KEY=value`; a `KEY` alone takes its value from the environment of this command. */
export async function setVariables(
  place: CommandPlace,
  words: readonly string[],
  options: SettingsOptions,
): Promise<void> {
  const set = Object.fromEntries(words.map((word) => pairOf(word, place)));
  const names = await change(place, { set }, options);
  if (options.json === true) giveJson({ names });
  else
    say(`${Object.keys(set).join(", ")} set; ${options.service} gets it with its next deployment`);
}

/** Takes variables away. */
export async function unsetVariables(
  place: CommandPlace,
  unset: readonly string[],
  options: SettingsOptions,
): Promise<void> {
  const names = await change(place, { unset }, options);
  if (options.json === true) giveJson({ names });
  else say(`${unset.join(", ")} unset; ${options.service} loses it with its next deployment`);
}

/** Prints the names of all variables. */
export async function listVariables(place: CommandPlace, options: SettingsOptions): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const { names } = await client.get<{ names: readonly string[] }>(pathOf(options));
  if (options.json === true) giveJson({ names });
  else for (const name of names) give(name);
}

/** Prints the keys with which the settings of an environment are sealed. */
export async function showKeys(
  place: CommandPlace,
  { environment, json }: Omit<SettingsOptions, "service">,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const keys = await client.get<{ settingsKeys: readonly string[] }>(keysPathOf(environment));
  if (json === true) giveJson(keys);
  else for (const line of keys.settingsKeys) give(line);
}

/** Makes a new key, and seals all settings of an environment with it. */
export async function rotateKey(
  place: CommandPlace,
  { environment, json }: Omit<SettingsOptions, "service">,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const done = await client.post<{ services: readonly string[] }>(keysPathOf(environment), {});
  if (json === true) giveJson(done);
  else if (done.services.length === 0) say(`${environment} has a new key; there are no settings`);
  else {
    say(
      `the settings of ${done.services.join(", ")} are sealed with a new key; they go out with the next deployments`,
    );
  }
}

function keysPathOf(environment: string): string {
  return `/environments/${encodeURIComponent(environment)}/settings-keys`;
}

async function change(
  place: CommandPlace,
  body: object,
  options: SettingsOptions,
): Promise<readonly string[]> {
  const client = new ControlClient(await readLogin(place.environment));
  const changed = await client.put<{ names: readonly string[] }>(pathOf(options), body);
  return changed?.names ?? [];
}

function pathOf({ environment, service }: SettingsOptions): string {
  return `/environments/${encodeURIComponent(environment)}/services/${encodeURIComponent(service)}/settings`;
}

function pairOf(word: string, { environment }: CommandPlace): readonly [string, string] {
  const equals = word.indexOf("=");
  if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
  const value = environment[word];
  if (equals === -1 && value !== undefined) return [word, value];
  throw new Error(
    `${JSON.stringify(word)} is no setting: say KEY=value, or KEY where it is set in this shell`,
  );
}
