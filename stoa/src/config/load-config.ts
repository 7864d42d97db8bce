// The configuration from the environment and a file: every value, where it came from, and everything that is wrong with it.
import { redact } from "@stoa/telemetry";
import type { ConfigFile, ConfigProblem } from "./config-file.ts";
import { nearestName } from "./nearest-name.ts";
import { RefusedValue, type Setting } from "./setting.ts";
import { environmentNames, fileName } from "./setting-names.ts";
import { type SettingKey, type SettingValues, settings } from "./settings.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The outcome of loading. `values` is complete even where something is wrong: such a key then has its default. */
export interface LoadedConfig {
  readonly values: SettingValues;
  /** Where a value came from: a variable's name, or file and line. A key that is absent has its default. */
  readonly sources: ReadonlyMap<SettingKey, string>;
  /** What must be put right before the program can start. */
  readonly problems: readonly ConfigProblem[];
  /** What is probably not as it was meant. */
  readonly warnings: readonly ConfigProblem[];
}

/** The settings' keys, in the order in which they are shown. */
export const settingKeys = Object.keys(settings) as readonly SettingKey[];

/** The key's description, its type forgotten. */
export function settingOf(key: SettingKey): Setting<unknown> {
  return settings[key];
}

/** The names of all keys in a file, in lower case. */
export const knownFileNames: ReadonlySet<string> = new Set(
  settingKeys.map((key) => fileName(settingOf(key))),
);

/**
 * Loads every key: the environment counts before the file, the file before the default. Never throws: what is wrong is in
 * `problems`, all of it at once, also values of the file that the environment overrides.
 */
export function loadConfig(environment: Environment, file?: ConfigFile): LoadedConfig {
  const sources = new Map<SettingKey, string>();
  const problems: ConfigProblem[] = [...(file?.problems ?? [])];
  const values = settingKeys.map((key) => {
    let value: unknown = settingOf(key).default;
    for (const { at, shownAt, read } of candidatesFor(settingOf(key), environment, file)) {
      try {
        value = read();
        sources.set(key, at);
      } catch (failure) {
        if (!(failure instanceof RefusedValue)) throw failure;
        problems.push({ at: shownAt, message: shownMessage(settingOf(key), failure) });
      }
    }
    return [key, value];
  });
  return {
    values: Object.fromEntries(values) as SettingValues,
    sources,
    problems,
    warnings: [...unknownVariables(environment), ...unknownKeys(file)],
  };
}

/** A place that says something about a key. */
interface Candidate {
  readonly at: string;
  readonly shownAt: string;
  readonly read: () => unknown;
}

/** The file's value and the first of the variables, in this order: the last one counts. */
function candidatesFor(
  setting: Setting<unknown>,
  environment: Environment,
  file: ConfigFile | undefined,
): readonly Candidate[] {
  const entry = file?.entries.get(fileName(setting));
  const name = environmentNames(setting).find((known) => {
    const text = environment[known];
    return text !== undefined && !(text === "" && setting.emptyIsUnset === true);
  });
  const candidates: Candidate[] = [];
  if (entry !== undefined) {
    const { at, value } = entry;
    candidates.push({ at, shownAt: `${at}: ${entry.name}`, read: () => setting.fromFile(value) });
  }
  if (name !== undefined) {
    const text = environment[name] ?? "";
    candidates.push({ at: name, shownAt: name, read: () => parsed(setting, text) });
  }
  return candidates;
}

function parsed(setting: Setting<unknown>, text: string): unknown {
  if (/^tcp:\/\/\S+:\d+$/.test(text)) {
    throw new RefusedValue(
      `${JSON.stringify(text)} is what Kubernetes sets for a service of this name; ` +
        "rename the service, or set enableServiceLinks: false",
    );
  }
  return setting.parse(text);
}

/** Messages show what was refused, which must not be a secret. */
function shownMessage({ secret, kind }: Setting<unknown>, failure: RefusedValue): string {
  if (secret !== true) return redact(failure.message);
  return `its value, which is not shown here, cannot be used: it should be ${kind}, in quotes in a file`;
}

function* unknownVariables(environment: Environment): Generator<ConfigProblem> {
  const known = new Set(settingKeys.flatMap((key) => environmentNames(settingOf(key))));
  for (const at of Object.keys(environment).toSorted(byName)) {
    if (!/^(ATHENS|STOA)_/.test(at) || known.has(at) || isServiceLink(at)) continue;
    yield { at, message: unknownMessage(nearestName(at, known)) };
  }
}

function byName(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** What Kubernetes sets in every container for a service that is called athens or stoa. */
function isServiceLink(name: string): boolean {
  return /_SERVICE_(HOST|PORT(_.+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$/.test(name);
}

function* unknownKeys(file: ConfigFile | undefined): Generator<ConfigProblem> {
  const names = settingKeys.map((key) => settingOf(key).name);
  for (const [key, { at, name }] of file?.entries ?? []) {
    if (knownFileNames.has(key)) continue;
    yield { at: `${at}: ${name}`, message: unknownMessage(nearestName(name, names)) };
  }
}

function unknownMessage(nearest: string | undefined): string {
  const hint = nearest === undefined ? "stoa config print shows all keys" : `is ${nearest} meant?`;
  return `there is no such key, and it has no effect; ${hint}`;
}
