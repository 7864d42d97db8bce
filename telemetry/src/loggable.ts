// What of a value may and can be written into a log line.
import { redact, redactNamed } from "./redact.ts";

/** A value that JSON can express, without credentials. */
export type Loggable =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Loggable[]
  | { readonly [name: string]: Loggable };

const deepest = 8;

/**
 * The value under this name as it may be logged: text without credentials, failures with stack and causes, bytes by their
 * number. Never throws, and ends, whatever refers to whatever.
 */
export function toLoggable(
  name: string,
  value: unknown,
  holders: readonly object[] = [],
): Loggable {
  switch (typeof value) {
    case "string":
      return redactNamed(name, value);
    case "bigint":
      return value.toString();
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : toLoggableObject(value, holders);
    default:
      return undefined;
  }
}

function toLoggableObject(value: object, outer: readonly object[]): Loggable {
  if (outer.includes(value)) return "(circular)";
  if (outer.length >= deepest) return "(too deep)";
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  const holders = [...outer, value];
  try {
    if (value instanceof Error) return describeFailure(value, holders);
    if (Array.isArray(value)) return value.map((member) => toLoggable("", member, holders));
    if (hasJson(value)) return toLoggable("", value.toJSON(), holders);
    return toLoggableFields(value, holders);
  } catch (failure) {
    return `(cannot be shown: ${redact(String(failure))})`;
  }
}

function toLoggableFields(fields: object, holders: readonly object[]): Loggable {
  const loggable: Record<string, Loggable> = {};
  for (const [name, value] of Object.entries(fields)) {
    loggable[name] = toLoggable(name, value, holders);
  }
  return loggable;
}

function describeFailure(failure: Error, holders: readonly object[]): Loggable {
  const { name, message, stack, cause, ...rest } = failure;
  const described = { type: name, message, ...rest, stack, cause };
  if (failure instanceof AggregateError) Object.assign(described, { errors: failure.errors });
  return toLoggableFields(described, holders);
}

function hasJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}
