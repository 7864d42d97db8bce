// Sealed settings: opened at the moment a process or a script is started, and nowhere else.
import { openSetting, parseSettingsKey, type SettingsKey, sealingKeyOf } from "@stoa/deployment";
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import type { Disk } from "../domain/disk.ts";
import type { Scripts } from "../domain/script.ts";
import type { SettingsKeySource, SettingsOpening } from "../domain/settings-opening.ts";
import type { Supervisor } from "../domain/supervisor.ts";

/** What opening settings needs. */
interface OpeningParts {
  readonly environment: string;
  readonly disk: Disk;
  /** Where the keys are kept, for root alone. */
  readonly keysPath: string;
  /** Absent where nobody can be asked for newer keys. */
  readonly source: SettingsKeySource | undefined;
}

/** The keys of the machine's environment. A value with a key that is not known lets it ask for newer ones, and keep them. */
export class KeptSettingsKeys implements SettingsOpening {
  readonly #parts: OpeningParts;
  #keys: readonly SettingsKey[] | undefined;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  async open(
    service: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const sealed = Object.values(variables).flatMap((value) => sealingKeyOf(value) ?? []);
    if (sealed.length === 0) return variables;
    const keys = await this.#keysFor(sealed);
    const { environment } = this.#parts;
    try {
      return Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [
          name,
          openSetting(value, { environment, service, name }, keys),
        ]),
      );
    } catch (cause) {
      throw new AgentFailure(
        "cannot_start",
        `${sentenceOf(cause)}; give this machine the keys of ${environment} (stoa env key), or set it again`,
        cause,
      );
    }
  }

  async #keysFor(ids: readonly string[]): Promise<readonly SettingsKey[]> {
    const { disk, keysPath, source } = this.#parts;
    this.#keys ??= keysIn((await disk.read(keysPath)) ?? new Uint8Array());
    const known = this.#keys;
    const hasAll = ids.every((id) => known.some((key) => key.id === id));
    if (hasAll || source === undefined) return known;
    const text = `${(await source.keys()).join("\n")}\n`;
    this.#keys = keysIn(Buffer.from(text));
    await disk.replace(keysPath, text, 0o600);
    return this.#keys;
  }
}

/** The keys in a file, one in a line. */
function keysIn(bytes: Uint8Array): readonly SettingsKey[] {
  const lines = Buffer.from(bytes).toString().split("\n");
  return lines.filter((line) => line.trim() !== "").map(parseSettingsKey);
}

/** A supervisor whose processes are given opened settings. */
export function openingSupervisor(inner: Supervisor, settings: SettingsOpening): Supervisor {
  return {
    views: () => inner.views(),
    launch: async (service, launch) => {
      const environment = await settings.open(service, launch.environment);
      return await inner.launch(service, { ...launch, environment });
    },
    wait: (...words) => inner.wait(...words),
    keep: (...words) => inner.keep(...words),
    stop: (...words) => inner.stop(...words),
    closeSockets: (...words) => inner.closeSockets(...words),
    restore: (...words) => inner.restore(...words),
    followsSuccession: inner.followsSuccession,
    boundsChildren: inner.boundsChildren,
  };
}

/** Scripts of a service, which are given opened settings. */
export function openingScripts(
  inner: Scripts,
  service: string,
  settings: SettingsOpening,
): Scripts {
  return {
    run: async (order) => {
      const opened = await settings
        .open(service, order.environment)
        .catch((failure: unknown) => sentenceOf(failure));
      if (typeof opened === "string") return { kind: "not-started", sentence: opened };
      return await inner.run({ ...order, environment: opened });
    },
  };
}
