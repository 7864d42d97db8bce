// The configuration as people read it.
import type { GoEnvironment } from "./go-environment.ts";
import { type LoadedConfig, settingKeys } from "./load-config.ts";
import type { Setting } from "./setting.ts";
import { settings } from "./settings.ts";

/** One line of the configuration: a name, its value as text, and where it came from. */
interface Row {
  readonly name: string;
  readonly value: string;
  readonly source: string;
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
    .map(
      ({ name, value, source }) =>
        `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  # ${source}\n`,
    )
    .join("");
}

/** The same as JSON, for programs. */
export function configAsJson(config: LoadedConfig, go: GoEnvironment): string {
  const entries = rowsOf(config, go).map(({ name, ...rest }) => [name, rest]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** What `--help` says about the keys. */
export function printSettingsHelp(): string {
  const rows = settingKeys.map((key) => settings[key] as Setting<unknown>);
  return rows
    .map((setting) => {
      const names = setting.environment.join(", ");
      const standard = setting.print(setting.default);
      return `  ${names}\n${wrapped(`${setting.meaning} (${setting.kind}; default: ${standard || "empty"})`)}`;
    })
    .join("");
}

function rowsOf(config: LoadedConfig, go: GoEnvironment): readonly Row[] {
  const own = settingKeys.map((key) => {
    const setting = settings[key] as Setting<unknown>;
    return {
      name: setting.name,
      value: maskPasswords(setting.print(config.values[key]), setting.secret),
      source: config.sources.get(key) ?? "default",
    };
  });
  return [
    ...own,
    { name: "GOPROXY", value: maskPasswords(go.goproxy), source: go.goproxySource },
    { name: "GONOPROXY", value: go.noproxy, source: go.noproxySource },
    { name: "GOSUMDB", value: maskPasswords(go.gosumdb), source: go.gosumdbSource },
    { name: "GONOSUMDB", value: go.nosumdb, source: go.nosumdbSource },
  ];
}

function maskPasswords(text: string, isSecret = false): string {
  if (isSecret && text !== "") return "***";
  return text.replace(/(:\/\/)[^/@\s;,|]*@/g, "$1***@");
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
