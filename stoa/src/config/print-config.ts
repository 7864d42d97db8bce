// The configuration as people read it.
import { redact } from "@stoa/telemetry";
import type { GoEnvironment } from "./go-environment.ts";
import { type LoadedConfig, settingKeys, settingOf } from "./load-config.ts";

/** One line of the configuration: a name, its value as text, and where it came from. */
interface Row {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  /** Why the value does nothing. */
  readonly withoutEffect?: string;
}

/**
 * Every key with its value and where it came from, as a table, and what was found of the go command's own variables.
 * Secrets and passwords in URLs are masked.
 */
export function printConfig(config: LoadedConfig, go: GoEnvironment): string {
  const rows = rowsOf(config, go).map((row) => ({ ...row, value: row.value || '""' }));
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.min(48, Math.max(...rows.map(({ value }) => value.length)));
  return rows
    .map(({ name, value, source, withoutEffect }) => {
      const effect = withoutEffect === undefined ? "" : `; without effect: ${withoutEffect}`;
      return `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  # ${source}${effect}\n`;
    })
    .join("");
}

/** The same as JSON, for programs. */
export function configAsJson(config: LoadedConfig, go: GoEnvironment): string {
  const entries = rowsOf(config, go).map(({ name, ...rest }) => [name, rest]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** What `--help` says about the keys that have an effect. */
export function printSettingsHelp(): string {
  return settingKeys
    .map(settingOf)
    .filter(({ idle }) => idle === undefined)
    .map((setting) => {
      const names = setting.environment.join(", ");
      const standard = setting.print(setting.default);
      return `  ${names}\n${wrapped(`${setting.meaning} (${setting.kind}; default: ${standard || "empty"})`)}`;
    })
    .join("");
}

function rowsOf(config: LoadedConfig, go: GoEnvironment): readonly Row[] {
  const own = settingKeys.map((key) => {
    const { name, print, secret, idle } = settingOf(key);
    const source = config.sources.get(key) ?? "default";
    return {
      name,
      value: masked(print(config.values[key]), secret),
      source,
      ...(idle === undefined ? {} : { withoutEffect: idle }),
    };
  });
  return [
    ...own,
    { name: "GOPROXY", value: masked(go.goproxy), source: go.goproxySource },
    { name: "GONOPROXY", value: go.noproxy, source: go.noproxySource },
    { name: "GOSUMDB", value: masked(go.gosumdb), source: go.gosumdbSource },
    { name: "GONOSUMDB", value: go.nosumdb, source: go.nosumdbSource },
  ];
}

function masked(text: string, isSecret = false): string {
  return isSecret && text !== "" ? "***" : redact(text);
}

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "     ";
  for (const word of text.split(" ")) {
    if (line.length + word.length > 96) {
      lines.push(line);
      line = "     ";
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}
