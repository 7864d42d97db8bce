// Log lines for people: time, level, event, and fields as name=value.

import type { Severity } from "./log-format.ts";
import type { Loggable } from "./loggable.ts";

/** What a line says. */
export interface PlainLine {
  readonly time: string;
  readonly severity: Severity;
  readonly event: string;
  readonly fields: Readonly<Record<string, Loggable>>;
}

/** Foreground colours of ECMA-48 (SGR). */
const colours: Readonly<Record<Severity, number>> = { debug: 90, info: 36, warn: 33, error: 31 };
const faint = 2;

/** Text that shows its ends without quotes. */
const bare = /^[!#-<>-~]+$/;
/** What could move the cursor, clear the screen, or fake another line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The line, ended by a line break. The stack of a failure follows on lines of its own, indented. */
export function toPlainLine(
  { time, severity, event, fields }: PlainLine,
  isColoured: boolean,
): string {
  const paint = (colour: number, text: string): string =>
    isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
  const level = paint(colours[severity], severity.toUpperCase().padEnd(5));
  let text = `${paint(faint, time)} ${level} ${visible(event)}`;
  let stacks = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    text += ` ${paint(faint, `${visible(name)}=`)}${toPlainValue(value)}`;
    stacks += stackOf(value);
  }
  return `${text}\n${stacks}`;
}

function toPlainValue(value: Loggable): string {
  if (typeof value === "string") return bare.test(value) ? value : visible(JSON.stringify(value));
  if (isFailure(value)) return visible(JSON.stringify(messageOf(value)));
  return visible(JSON.stringify(value));
}

interface Failure {
  readonly message: string;
  readonly stack: string;
  readonly cause?: Loggable;
}

function isFailure(value: Loggable): value is Loggable & Failure {
  if (typeof value !== "object" || value === null) return false;
  const { message, stack } = value as Partial<Failure>;
  return typeof message === "string" && typeof stack === "string";
}

function messageOf(failure: Failure): string {
  const { message, cause } = failure;
  return isFailure(cause) ? `${message}: ${messageOf(cause)}` : message;
}

function stackOf(value: Loggable): string {
  if (!isFailure(value)) return "";
  const lines = value.stack.split("\n").map((line) => `    ${visible(line.trim())}\n`);
  return lines.join("") + stackOf(value.cause);
}

function visible(text: string): string {
  return text.replace(control, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
