// The one failure of this room: a text that does not say what it should.

/** How much of a text a message repeats, in UTF-16 units; a request may carry kilobytes. */
const quotedLength = 200;

/** A text is not what it claims to be. Every parser of this room throws this and nothing else. */
export class InvalidText extends Error {
  /** What the text should have been: `module path`, `version`, `.info document`. */
  readonly kind: string;
  /** The text itself, whole. */
  readonly text: string;

  /** `reason` continues the sentence `invalid <kind> "<text>": …`. */
  constructor(kind: string, text: string, reason: string) {
    super(`invalid ${kind} ${quoted(text)}: ${reason}`);
    this.name = "InvalidText";
    this.kind = kind;
    this.text = text;
  }
}

/** The text in double quotes on one line, without control characters, cut where it is long. */
export function quoted(text: string): string {
  const shown = text.length > quotedLength ? `${text.slice(0, quotedLength)}…` : text;
  return JSON.stringify(shown.toWellFormed()).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
