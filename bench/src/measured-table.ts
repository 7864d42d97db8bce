// A table of figures: what was measured, how it is printed, and whether an aim was reached.

/** What a table found. */
export interface MeasuredTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Sentences that a reader of the figures needs. */
  readonly notes: readonly string[];
}

/** One column: text stands to the left, figures to the right. */
export interface Column {
  readonly key: string;
  readonly heading: string;
  /** Digits after the point, for figures. */
  readonly digits?: number;
}

/** The cells of a row by their columns' keys; a cell that is not there has nothing to say. */
export type Row = Readonly<Record<string, string | number>>;

/** The two columns that `aimed` fills. */
export const aimColumns: readonly Column[] = [
  { key: "aim", heading: "aim" },
  { key: "reached", heading: "reached" },
];

/** The cells that say what was aimed at and whether `figure` is as good. */
export function aimed(figure: number, rule: "at least" | "at most", limit: number): Row {
  const isReached = rule === "at least" ? figure >= limit : figure <= limit;
  return { aim: `${rule} ${limit}`, reached: isReached ? "yes" : "no" };
}

/** The table as aligned lines of text. */
export function printTable(table: MeasuredTable): string {
  const columns = table.columns.map((column) => columnLines(column, table.rows));
  const lines = ["", ...table.rows].map((_, line) =>
    columns
      .map((column) => column[line] ?? "")
      .join("  ")
      .trimEnd(),
  );
  const notes = table.notes.map((note) => `  ${note}`);
  return [table.title, ...lines.map((line) => `  ${line}`), ...notes, ""].join("\n");
}

function columnLines(column: Column, rows: readonly Row[]): readonly string[] {
  const cells = rows.map((row) => cellText(row[column.key], column.digits));
  const width = Math.max(column.heading.length, ...cells.map((cell) => cell.length));
  const isText = rows.some((row) => typeof row[column.key] === "string");
  return [column.heading, ...cells].map((cell) =>
    isText ? cell.padEnd(width) : cell.padStart(width),
  );
}

function cellText(cell: string | number | undefined, digits = 0): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return cell;
  return cell.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
