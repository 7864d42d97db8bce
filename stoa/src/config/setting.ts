// What one configuration key is: its names, its type, its default, and the sentence that explains it.

/** A value that was refused, as a sentence without the key's name: `"abc" is not a number of seconds`. */
export class RefusedValue extends Error {}

/** One key. The loader, `--help`, `stoa config print` and docs/configuration.md are all made from these. */
export interface Setting<T> {
  /** The name in a configuration file, as Athens writes it; new keys of ours are named alike. */
  readonly name: string;
  /** The names in the environment; the first that is set wins. */
  readonly environment: readonly [string, ...string[]];
  /** What holds when nobody says anything. */
  readonly default: T;
  /** One or two sentences for people. */
  readonly meaning: string;
  /** The kind of value, in words: `number of seconds`. */
  readonly kind: string;
  /** True if the value must not be shown. */
  readonly secret?: boolean;
  /** Reads the text of an environment variable. Throws `RefusedValue`. */
  readonly parse: (text: string) => T;
  /** The value as text that `parse` reads. */
  readonly print: (value: T) => string;
}

type Described<T> = Omit<Setting<T>, "kind" | "parse" | "print">;

/** Any text. */
export function textSetting(described: Described<string>): Setting<string> {
  return { ...described, kind: "text", parse: (text) => text, print: (value) => value };
}

/** One of a few words, in any case. */
export function choiceSetting<const T extends string>(
  described: Described<NoInfer<T>> & {
    readonly choices: readonly T[];
    /** Other words that mean one of the choices. */
    readonly synonyms?: Readonly<Record<string, NoInfer<T>>>;
  },
): Setting<T> {
  const { choices, synonyms = {}, ...rest } = described;
  return {
    ...rest,
    kind: choices.filter((choice) => choice !== "").join(" | "),
    parse: (text) => {
      const word = text.trim().toLowerCase();
      const choice = choices.find((known) => known === word) ?? synonyms[word];
      if (choice === undefined) {
        throw new RefusedValue(
          `${JSON.stringify(text)} is none of ${choices.filter((known) => known !== "").join(", ")}`,
        );
      }
      return choice;
    },
    print: (value) => value,
  };
}

/** A whole number of `unit`, not negative, in Go's syntax (`10`, `0x10`). */
export function numberSetting(
  described: Described<number> & { readonly unit: string; readonly least?: number },
): Setting<number> {
  const { unit, least = 0, ...rest } = described;
  return {
    ...rest,
    kind: `number of ${unit}`,
    parse: (text) => {
      const value = /^(0x[0-9a-f]+|0o?[0-7]+|0b[01]+|[1-9][0-9]*|0)$/i.test(text.trim())
        ? Number(text.trim().replace(/^0(?=[0-7])/, "0o"))
        : Number.NaN;
      if (!Number.isSafeInteger(value) || value < least) {
        const bound = least > 0 ? ` of at least ${least}` : "";
        throw new RefusedValue(`${JSON.stringify(text)} is not a whole number of ${unit}${bound}`);
      }
      return value;
    },
    print: (value) => `${value}`,
  };
}

/** A value with a grammar of its own. */
export function parsedSetting<T>(
  described: Described<T> & Pick<Setting<T>, "kind" | "parse" | "print">,
): Setting<T> {
  return described;
}
