// A configuration file: TOML, its keys in any case, each with the line on which it stands.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, TomlError, type TomlTable } from "smol-toml";
import { type FileValue, isTable } from "./setting.ts";
import { whyUnreadable } from "./unreadable-file.ts";

/** What is wrong or doubtful, and where: the name of a variable, or file, line and key. */
export interface ConfigProblem {
  readonly at: string;
  readonly message: string;
}

/** One key of a file. */
interface FileEntry {
  /** As it is written, with its tables: `Storage.Disk.RootPath`. */
  readonly name: string;
  readonly value: FileValue;
  /** For people: `athens.toml:12`. */
  readonly at: string;
}

/** What a file says. */
export interface ConfigFile {
  readonly path: string;
  /** The keys by their names in lower case. */
  readonly entries: ReadonlyMap<string, FileEntry>;
  readonly problems: readonly ConfigProblem[];
}

/** Athens' own name of the file that is read when none is named, in the folder in which the program is started. */
const usualName = "athens.toml";

/**
 * Reads the file that is named, or else `athens.toml` in `folder` if it is there. A file that cannot be read or is no TOML
 * has that among its problems, and no entries. `isWhole` says of a name in lower case that its value may be a table.
 */
export function readConfigFile(
  named: string | undefined,
  folder: string,
  isWhole: (name: string) => boolean,
): ConfigFile | undefined {
  const path = named ?? join(folder, usualName);
  const shownPath = named ?? usualName;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (named === undefined && code === "ENOENT") return undefined;
    const message = `the configuration file cannot be read: ${whyUnreadable(cause)}`;
    return { path, entries: new Map(), problems: [{ at: shownPath, message }] };
  }
  return { path, ...parseConfigFile(text, shownPath, isWhole) };
}

/** Reads the text of a file. Never throws: what is wrong is in `problems`. */
export function parseConfigFile(
  text: string,
  path: string,
  isWhole: (name: string) => boolean,
): Pick<ConfigFile, "entries" | "problems"> {
  const entries = new Map<string, FileEntry>();
  const problems: ConfigProblem[] = [];
  try {
    // Some editors begin a file with a byte order mark, which TOML allows since 1.1.
    const table = parse(text.replace(/^\uFEFF/, ""), { integersAsBigInt: "asNeeded" });
    const lines = keyLines(text);
    for (const [name, value] of flattened(table, "", isWhole)) {
      const key = name.toLowerCase();
      const at = `${path}:${lines.get(key) ?? 1}`;
      const earlier = entries.get(key);
      if (earlier === undefined) entries.set(key, { name, value, at });
      else
        problems.push({
          at: `${at}: ${name}`,
          message: `it is set twice, also as ${earlier.name}`,
        });
    }
  } catch (failure) {
    if (!(failure instanceof TomlError)) throw failure;
    const [sentence = ""] = failure.message.split("\n");
    const message = sentence.replace(/^Invalid TOML document: /, "this is not TOML: ");
    problems.push({ at: `${path}:${failure.line}:${failure.column}`, message });
  }
  return { entries, problems };
}

function* flattened(
  table: TomlTable,
  prefix: string,
  isWhole: (name: string) => boolean,
): Generator<readonly [name: string, value: FileValue]> {
  for (const [part, value] of Object.entries(table)) {
    const name = `${prefix}${part}`;
    if (isTable(value) && !isWhole(name.toLowerCase())) {
      yield* flattened(value, `${name}.`, isWhole);
    } else {
      yield [name, value];
    }
  }
}

/**
 * On which line each key stands. The parser does not tell, so this looks for `[table]` and `key =` at the beginnings of
 * lines: good enough to lead people to the place, in any file that the parser takes.
 */
function keyLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let table = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    const key = /^\s*([\w-]+(?:\s*\.\s*[\w-]+)*|"[^"]*"|'[^']*')\s*=/.exec(line)?.[1];
    if (header !== undefined) table = `${plainName(header)}.`;
    const name = header === undefined ? key && `${table}${plainName(key)}` : plainName(header);
    if (name !== undefined && !lines.has(name)) lines.set(name, index + 1);
  }
  return lines;
}

function plainName(written: string): string {
  return written.replaceAll(/["'\s]/g, "").toLowerCase();
}
