// What happens when the configuration changes while the program runs.
import { type Stats, unwatchFile, watchFile } from "node:fs";
import type { Log } from "@stoa/telemetry";
import type { Configuration } from "./configuration.ts";
import { settingKeys, settingOf } from "./load-config.ts";
import type { SettingKey, SettingValues } from "./settings.ts";

/** A part of the program that can take new values while it runs. */
export interface Reloadable {
  /** The keys that it takes; changes of all others wait for the next start. */
  readonly keys: readonly SettingKey[];
  /**
   * Makes ready for the new values, which are in order by themselves, and changes nothing yet: reads the files they name,
   * say. Rejects with a sentence if they cannot be used. The function that comes back puts them in force, all at once, and
   * does not fail.
   */
  prepare(values: SettingValues): Promise<() => void>;
  /** The files it read that may change on their own. */
  files?(values: SettingValues): readonly string[];
}

/** How often files are looked at. Watching by the system's means misses mounted and renamed files, as in Kubernetes. */
const lookEveryMs = 1_000;

/** The configuration that is in force, and how it is replaced by the next. */
export class ConfigReload implements Disposable {
  readonly #read: () => Configuration;
  readonly #parts: readonly Reloadable[];
  readonly #log: Log;
  /** For a file that is missing Node calls once at the beginning, with the same nothing twice. */
  readonly #whenChanged = (now: Stats, before: Stats): void => {
    const isSame =
      now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino;
    if (!isSame) void this.reload("a file has changed");
  };
  #current: Configuration;
  #watched: readonly string[] = [];
  #turn: Promise<void> = Promise.resolve();

  /** Begins to watch the files that `current` was made from. `read` reads the configuration anew. */
  constructor(
    current: Configuration,
    { read, parts, log }: { read: () => Configuration; parts: readonly Reloadable[]; log: Log },
  ) {
    this.#current = current;
    this.#read = read;
    this.#parts = parts;
    this.#log = log;
    this.#watch();
  }

  /**
   * Puts what is configured now in force as far as that goes while the program runs. If anything is wrong with it, that is
   * logged and everything stays as it is. Never rejects; reloads that meet are done one after the other.
   */
  reload(reason: string): Promise<void> {
    this.#turn = this.#turn.then(() => this.#replace(reason));
    return this.#turn;
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    for (const path of this.#watched) unwatchFile(path, this.#whenChanged);
    this.#watched = [];
  }

  async #replace(reason: string): Promise<void> {
    const next = this.#read();
    try {
      if (next.problems.length > 0) {
        const sentences = next.problems.map(({ at, message }) => `${at}: ${message}`);
        throw new Error(sentences.join("; "));
      }
      const enact = await Promise.all(this.#parts.map((part) => part.prepare(next.values)));
      for (const put of enact) put();
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      this.#log.error(`the new configuration is not used, the old one stays in force: ${why}`, {
        reason,
      });
      return;
    }
    const before = this.#current;
    this.#current = next;
    for (const { at, message } of next.warnings) this.#log.warn(`${at}: ${message}`);
    this.#tell(reason, before);
    this.#watch();
  }

  #tell(reason: string, before: Configuration): void {
    const changed = settingKeys.filter((key) => {
      const { print } = settingOf(key);
      return print(before.values[key]) !== print(this.#current.values[key]);
    });
    const taken = new Set(this.#parts.flatMap(({ keys }) => keys));
    const named = (keys: readonly SettingKey[]): string =>
      keys.map((key) => settingOf(key).name).join(", ");
    this.#log.info("configuration reloaded", {
      reason,
      // Absent where it is files that have changed, or nothing.
      changed: named(changed.filter((key) => taken.has(key))) || undefined,
    });
    const waiting = changed.filter((key) => !taken.has(key));
    if (waiting.length > 0) {
      this.#log.warn(
        `these keys have changed and take effect at the next start: ${named(waiting)}`,
      );
    }
  }

  #watch(): void {
    const { file, values } = this.#current;
    const others = this.#parts.flatMap((part) => part.files?.(values) ?? []);
    const paths = [...(file === undefined ? [] : [file]), ...others].filter((path) => path !== "");
    const before = this.#watched;
    this.#watched = [...new Set(paths)];
    for (const path of before.filter((old) => !paths.includes(old))) {
      unwatchFile(path, this.#whenChanged);
    }
    // One that is watched already stays so: between two watches a change could slip through.
    for (const path of this.#watched.filter((added) => !before.includes(added))) {
      watchFile(path, { interval: lookEveryMs, persistent: false }, this.#whenChanged);
    }
  }
}
