// What commands show: progress on standard error, results on standard output, colour and tables for people alone.
import process from "node:process";

const marks = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

// Who reads what is given may have had enough, such as `head`: that is no failure.
process.stdout.on("error", (failure: NodeJS.ErrnoException) => {
  if (failure.code !== "EPIPE") throw failure;
  process.exit();
});

/** Text in a colour, where standard error is a terminal that shows it. */
export function marked(text: string, mark: keyof typeof marks): string {
  return process.stderr.isTTY && process.stderr.hasColors()
    ? `\u001b[${marks[mark]}m${text}\u001b[0m`
    : text;
}

/** Says how things are going. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Gives a result. */
export function give(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Gives a result as JSON. */
export function giveJson(value: unknown): void {
  give(JSON.stringify(value, null, 2));
}

/** Gives rows under headings, in columns. */
export function giveTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  for (const row of [headings, ...rows]) {
    give(
      row
        .map((cell, at) => cell.padEnd(at === row.length - 1 ? 0 : (widths[at] ?? 0)))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** How long ago something was, in one unit: `12s`, `5m`, `3h`, `9d`. */
export function ageOf(at: string, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (Number.isNaN(seconds)) return "-";
  if (seconds < 100) return `${seconds}s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}
