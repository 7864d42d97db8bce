// What one configuration key is: its names, its type, its default, and the sentence that explains it.
import type { TomlTable, TomlValue } from "smol-toml";

/** A value that was refused, as a sentence without the key's name: `"abc" is not a number of seconds`. */
export class RefusedValue extends Error {}

/** A value as it stands in a TOML file. */
export type FileValue = TomlValue;

/** One key. The loader, `--help`, `stoa config print` and docs/configuration.md are all made from these. */
export interface Setting<T> {
  /** The name in a configuration file, as Athens writes it; new keys of ours are named alike. */
  readonly name: string;
  /** The names in the environment; the first that is set wins. Some retired keys have none. */
  readonly environment: readonly string[];
  /** What holds when nobody says anything. */
  readonly default: T;
  /** One or two sentences for people. */
  readonly meaning: string;
  /** The kind of value, in words: `number of seconds`. */
  readonly kind: string;
  /** True if the value must not be shown. */
  readonly secret?: boolean;
  /** Why the key does nothing here, though it is accepted: it is about the inside of Athens. */
  readonly idle?: string;
  /** True if a variable that is set to nothing counts as not set. */
  readonly emptyIsUnset?: boolean;
  /** Reads the text of an environment variable. Throws `RefusedValue`. */
  parse(this: void, text: string): T;
  /** Reads a value of a configuration file. Throws `RefusedValue`. */
  fromFile(this: void, value: FileValue): T;
  /** The value as text that `parse` reads. */
  print(this: void, value: T): string;
}

type Made = "kind" | "parse" | "fromFile" | "print";
type Described<T> = Omit<Setting<T>, Made>;

/** Any text. */
export function textSetting(described: Described<string>): Setting<string> {
  return parsedSetting({
    ...described,
    kind: "text",
    parse: (text) => text,
    print: (text) => text,
  });
}

/** One of a few words, in any case. */
export function choiceSetting<const T extends string>(
  described: Described<NoInfer<T>> & {
    readonly choices: readonly T[];
    /** Other words that mean one of the choices. */
    readonly synonyms?: Readonly<Record<string, NoInfer<T>>>;
    /** Words of Athens for what Stoa does not have so far. */
    readonly later?: readonly string[];
  },
): Setting<T> {
  const { choices, synonyms = {}, later = [], ...rest } = described;
  const named = choices.filter((choice) => choice !== "");
  return parsedSetting<T>({
    ...rest,
    kind: named.join(" | "),
    parse: (text) => {
      const word = text.trim().toLowerCase();
      const choice = choices.find((known) => known === word) ?? synonyms[word];
      if (choice !== undefined) return choice;
      const reason = later.includes(word) ? "is not available in Stoa yet; there is" : "is none of";
      const there = named.join(", ");
      throw new RefusedValue(`${JSON.stringify(text)} ${reason} ${there}`);
    },
    print: (value) => value,
  });
}

/** A whole number of `unit`, not negative, in Go's syntax (`10`, `0x10`). */
export function numberSetting(
  described: Described<number> & { readonly unit: string; readonly least?: number },
): Setting<number> {
  const { unit, least = 0, ...rest } = described;
  const accepted = (value: number, shown: string): number => {
    if (Number.isSafeInteger(value) && value >= least) return value;
    const bound = least > 0 ? ` of at least ${least}` : "";
    throw new RefusedValue(`${shown} is not a whole number of ${unit}${bound}`);
  };
  return {
    ...rest,
    kind: `number of ${unit}`,
    parse: (text) => accepted(parseGoInteger(text.trim()), JSON.stringify(text)),
    fromFile: (value) => accepted(typeof value === "number" ? value : Number.NaN, shown(value)),
    print: (value) => `${value}`,
  };
}

/** Yes or no, in the words of Go's strconv.ParseBool. */
export function switchSetting(described: Described<boolean>): Setting<boolean> {
  return {
    ...described,
    kind: "true | false",
    parse: (text) => {
      const word = text.trim().toLowerCase();
      if (["1", "t", "true"].includes(word)) return true;
      if (["0", "f", "false"].includes(word)) return false;
      throw new RefusedValue(`${JSON.stringify(text)} is neither true nor false`);
    },
    fromFile: (value) => {
      if (typeof value === "boolean") return value;
      throw new RefusedValue(`${shown(value)} is neither true nor false, without quotes`);
    },
    print: (value) => `${value}`,
  };
}

/** A number from 0 to 1. */
export function fractionSetting(described: Described<number>): Setting<number> {
  const accepted = (value: number, shown: string): number => {
    if (value >= 0 && value <= 1) return value;
    throw new RefusedValue(`${shown} is not a number from 0 to 1`);
  };
  return {
    ...described,
    kind: "number from 0 to 1",
    parse: (text) => accepted(text.trim() === "" ? Number.NaN : Number(text), JSON.stringify(text)),
    fromFile: (value) => accepted(typeof value === "number" ? value : Number.NaN, shown(value)),
    print: (value) => `${value}`,
  };
}

/** Several texts, separated by commas in the environment, a list in a file. */
export function listSetting(described: Described<readonly string[]>): Setting<readonly string[]> {
  const trimmed = (texts: readonly string[]): readonly string[] =>
    texts.map((text) => text.trim()).filter((text) => text !== "");
  return {
    ...described,
    kind: "list, separated by commas",
    parse: (text) => trimmed(text.split(",")),
    fromFile: (value) => trimmed(textsOf(value, 'a list of texts, such as ["a", "b"]')),
    print: (value) => value.join(","),
  };
}

/** Texts by name: `a:1,b:2` in the environment, a table in a file. */
export function pairsSetting(
  described: Described<ReadonlyMap<string, string>>,
): Setting<ReadonlyMap<string, string>> {
  return {
    ...described,
    kind: "name:value,name:value",
    parse: (text) => new Map(text === "" ? [] : text.split(",").map(parsePair)),
    fromFile: (value) => {
      if (!isTable(value)) throw new RefusedValue(`${shown(value)} is not a table of texts`);
      return new Map(Object.entries(value).map(([name, text]) => [name, textOf(text)]));
    },
    print: (value) => [...value].map(([name, text]) => `${name}:${text}`).join(","),
  };
}

/** A value with a grammar of its own, which a file holds as text unless said otherwise. */
export function parsedSetting<T>(
  described: Described<T> &
    Pick<Setting<T>, "kind" | "parse" | "print"> &
    Partial<Pick<Setting<T>, "fromFile">>,
): Setting<T> {
  return { fromFile: (value) => described.parse(textOf(value)), ...described };
}

/** The text that a value of a file is. Throws `RefusedValue`. */
export function textOf(value: FileValue): string {
  if (typeof value === "string") return value;
  throw new RefusedValue(`${shown(value)} is not text; it needs quotes around it`);
}

/** The texts of a list. Throws `RefusedValue`, naming what was expected. */
export function textsOf(value: FileValue, expected: string): readonly string[] {
  const texts = Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
  if (Array.isArray(value) && texts.length === value.length) return texts;
  throw new RefusedValue(`${shown(value)} is not ${expected}`);
}

/** Whether a value of a file is a table. */
export function isTable(value: FileValue): value is TomlTable {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function parsePair(pair: string): readonly [string, string] {
  const [name, value, ...more] = pair.split(":");
  if (name === undefined || name === "" || value === undefined || more.length > 0) {
    throw new RefusedValue(
      `${JSON.stringify(pair)} is not of the form name:value (pairs are separated by ",")`,
    );
  }
  return [name, value];
}

/** Go's syntax of whole numbers, base 0 of strconv.ParseInt; NaN for anything else. */
function parseGoInteger(text: string): number {
  return /^(0x[0-9a-f]+|0o?[0-7]+|0b[01]+|[1-9][0-9]*|0)$/i.test(text)
    ? Number(text.replace(/^0(?=[0-7])/, "0o"))
    : Number.NaN;
}

function shown(value: FileValue): string {
  return typeof value === "bigint" ? `${value}` : JSON.stringify(value);
}
