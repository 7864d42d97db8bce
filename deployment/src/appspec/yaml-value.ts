// A value in a YAML text that knows where it stands, and says so when it is not what it should be.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Diagnostic, Place } from "./diagnostic.ts";

/** Collects what is wrong while a text is read, and knows the text's lines. */
export class YamlReading {
  readonly diagnostics: Diagnostic[] = [];
  readonly #lines = new LineCounter();
  readonly #document;

  constructor(text: string) {
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
    });
    for (const { pos, message } of this.#document.errors) {
      this.say("error", this.placeAt(pos[0]), `is not YAML: ${message}`);
    }
  }

  /** The outermost value; `undefined` for an empty text and for one that is no YAML. */
  root(): YamlValue | undefined {
    const node = this.#document.errors.length > 0 ? null : this.#document.contents;
    if (node === null || (isScalar(node) && node.value === null)) return undefined;
    return new YamlValue(this, node, { line: 1, column: 1 });
  }

  say(severity: Diagnostic["severity"], place: Place, sentence: string): void {
    this.diagnostics.push({ severity, line: place.line, column: place.column, sentence });
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Follows an alias to what it stands for. */
  resolve(node: Node): Node {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node;
  }
}

/** A value and its place. */
export class YamlValue {
  readonly place: Place;
  readonly #reading: YamlReading;
  readonly #node: Node | null;

  /** `place` is where it stands if the node does not know: a member without a value stands where its name does. */
  constructor(reading: YamlReading, node: Node | null, place: Place) {
    this.#reading = reading;
    this.#node = node === null ? null : reading.resolve(node);
    const start = node?.range?.[0];
    this.place = start === undefined || this.isNull() ? place : reading.placeAt(start);
  }

  isNull(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null);
  }

  error(sentence: string): undefined {
    this.#reading.say("error", this.place, sentence);
  }

  warn(sentence: string): void {
    this.#reading.say("warning", this.place, sentence);
  }

  /** The members by name, or `undefined` with an error. `what` begins the sentence. */
  members(what: string): ReadonlyMap<string, YamlValue> | undefined {
    if (!isMap(this.#node)) return this.error(`${what} must be a list of names with values`);
    const members = new Map<string, YamlValue>();
    for (const { key, value } of this.#node.items) {
      if (!isScalar(key))
        return this.error(`${what} must have names, not lists, before its colons`);
      const name = new YamlValue(this.#reading, key, this.place);
      members.set(
        key.source ?? String(key.value),
        new YamlValue(this.#reading, value as Node | null, name.place),
      );
    }
    return members;
  }

  /** The items of a list, or `undefined` with an error. */
  items(what: string): readonly YamlValue[] | undefined {
    if (!isSeq(this.#node))
      return this.error(`${what} must be a list, each of its items after a hyphen`);
    return this.#node.items.map(
      (item) => new YamlValue(this.#reading, item as Node | null, this.place),
    );
  }

  /** A text as it is written, numbers and words like `true` included; `undefined` with an error. */
  text(what: string): string | undefined {
    const written = this.written();
    if (written === undefined || written === "") return this.error(`${what} must be a text`);
    return written;
  }

  /** A scalar as it is written: `0644` stays `0644`. Without an error `undefined` if it is none. */
  written(): string | undefined {
    if (!isScalar(this.#node) || this.isNull()) return undefined;
    return this.#node.source ?? String(this.#node.value);
  }

  /** Whether it is a scalar without quotes. */
  isPlain(): boolean {
    return isScalar(this.#node) && this.#node.type === "PLAIN";
  }
}
