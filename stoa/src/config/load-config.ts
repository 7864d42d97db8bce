// Reads the configuration: environment over default. Knows every key's value and where it came from.
import { RefusedValue, type Setting } from "./setting.ts";
import { type SettingKey, type SettingValues, settings } from "./settings.ts";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that cannot be used, and where it stands. */
export interface ConfigProblem {
  /** The environment variable. */
  readonly at: string;
  /** A sentence that does not name the variable. */
  readonly message: string;
}

/** What was read. Where a value was refused the default stands in its place. */
export interface LoadedConfig {
  readonly values: SettingValues;
  /** The environment variable a value came from; a key that is absent has its default. */
  readonly sources: ReadonlyMap<SettingKey, string>;
  readonly problems: readonly ConfigProblem[];
}

/** The settings' keys, in the order in which they are shown. */
export const settingKeys = Object.keys(settings) as readonly SettingKey[];

/** Loads every key. Never throws: what is wrong is in `problems`, all of it at once. */
export function loadConfig(environment: Environment): LoadedConfig {
  const sources = new Map<SettingKey, string>();
  const problems: ConfigProblem[] = [];
  const values = settingKeys.map((key) => {
    const setting = settings[key] as Setting<unknown>;
    const name = setting.environment.find((known) => environment[known] !== undefined);
    if (name === undefined) return [key, setting.default];
    try {
      const value = setting.parse(environment[name] ?? "");
      sources.set(key, name);
      return [key, value];
    } catch (failure) {
      if (!(failure instanceof RefusedValue)) throw failure;
      problems.push({ at: name, message: failure.message });
      return [key, setting.default];
    }
  });
  return { values: Object.fromEntries(values) as SettingValues, sources, problems };
}
