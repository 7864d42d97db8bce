// How texts are written into systemd's files so that they mean themselves (systemd.syntax(7), systemd.exec(5)).

/** A word of a command line: in quotes, its percent signs doubled. Dollar signs are for `:` before the command to keep. */
export function unitWord(text: string): string {
  return `"${unitValue(text)
    .replaceAll(/[\\"]/g, "\\$&")
    .replaceAll(/[^ -~\u00a0-\u{10ffff}]/gu, escaped)}"`;
}

/** The whole right side of a line: a path, a name. Percent signs would begin a specifier. */
export function unitValue(text: string): string {
  return text.replaceAll("%", "%%");
}

/** The file that `EnvironmentFile=` names. Values are in double quotes, in which lines may end. */
export function environmentFileText(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).map(
    ([name, value]) => `${name}="${value.replaceAll(/["\\`$]/g, "\\$&")}"`,
  );
  return lines.map((line) => `${line}\n`).join("");
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
