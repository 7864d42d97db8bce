// Reads what the keeper is asked to start, and refuses what cannot be meant.
import { AgentFailure } from "./agent-failure.ts";
import {
  type Launch,
  type Limits,
  launchReadinesses,
  type SocketRequest,
  type Succession,
  stopSignals,
} from "./launch.ts";

type Fields = Readonly<Record<string, unknown>>;

const mostSockets = 16;
const longestGraceMs = 3_600_000;
const highestDescriptor = 1_000;

/** The launch in a parsed JSON document. Fails with `bad_request`, naming the field. */
export function parseLaunch(document: unknown): Launch {
  const fields = fieldsOf(document, "the launch");
  const { user, limits } = fields;
  return {
    id: nameOf(fields, "id"),
    release: nameOf(fields, "release"),
    program: pathOf(fields, "program"),
    arguments: textsOf(fields, "arguments"),
    environment: environmentOf(fields),
    directory: pathOf(fields, "directory"),
    sockets: socketsOf(fields),
    ...(fields["firstDescriptor"] === undefined
      ? {}
      : { firstDescriptor: numberOf(fields, "firstDescriptor", highestDescriptor) }),
    readiness: oneOf(fields, "readiness", launchReadinesses),
    rehearsal: fields["rehearsal"] === true,
    ownIdVariables: variablesOf(fields),
    parent: oneOf(fields, "parent", ["any", "init"]),
    user: user === undefined ? undefined : textOf(fields, "user"),
    limits: limits === undefined ? undefined : limitsOf(limits),
    log: pathOf(fields, "log"),
    stopSignal: oneOf(fields, "stopSignal", stopSignals),
    stopGraceMs: numberOf(fields, "stopGraceMs", longestGraceMs),
    ...(fields["succession"] === undefined
      ? {}
      : { succession: successionOf(fieldsOf(fields["succession"], "succession")) }),
  };
}

function successionOf(fields: Fields): Succession {
  const file = pathOf(fields, "file");
  return fields["after"] === undefined ? { file } : { file, after: nameOf(fields, "after") };
}

/** An object. */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw refused(`${what} must be an object`);
}

/** One of these words. */
function oneOf<T extends string>(fields: Fields, name: string, words: readonly T[]): T {
  const found = words.find((word) => word === fields[name]);
  if (found !== undefined) return found;
  throw refused(`${name} must be one of ${words.join(", ")}`);
}

/** A whole number from 0. */
export function numberOf(fields: Fields, name: string, most: number): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most)
    return value;
  throw refused(`${name} must be a whole number from 0 to ${most}`);
}

/** A list of texts. */
export function textsOf(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (Array.isArray(value) && value.every(isText)) return value;
  throw refused(`${name} must be a list of texts without zero bytes`);
}

/** Letters, digits and `. _ -`, not beginning with a dot or dash: safe as part of a path. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(value);
}

function nameOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (isName(value)) return value;
  throw refused(`${name} must be made of letters, digits, dots, dashes and underscores`);
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (isText(value) && value !== "") return value;
  throw refused(`${name} must be a text`);
}

function pathOf(fields: Fields, name: string): string {
  const value = textOf(fields, name);
  if (value.startsWith("/")) return value;
  throw refused(`${name} must be an absolute path`);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}

/** They end up in the text of a shell command. */
function variablesOf(fields: Fields): readonly string[] {
  const names = textsOf(fields, "ownIdVariables");
  if (names.every((name) => /^[A-Z][A-Z0-9_]*$/.test(name))) return names;
  throw refused("ownIdVariables must be names of variables");
}

function environmentOf(fields: Fields): Readonly<Record<string, string>> {
  const environment = fieldsOf(fields["environment"], "environment");
  for (const [name, value] of Object.entries(environment)) {
    if (name === "" || name.includes("=") || !isText(value)) {
      throw refused(`environment must map names to texts; ${name} does not`);
    }
  }
  return environment as Readonly<Record<string, string>>;
}

function socketsOf(fields: Fields): readonly SocketRequest[] {
  const value = fields["sockets"];
  if (!Array.isArray(value) || value.length > mostSockets) {
    throw refused(`sockets must be a list of at most ${mostSockets}`);
  }
  const sockets = value.map((socket) => {
    const request = fieldsOf(socket, "a socket");
    return { name: nameOf(request, "name"), address: textOf(request, "address") };
  });
  const repeated = sockets.find(
    ({ name }, at) => sockets.findIndex((other) => other.name === name) !== at,
  );
  if (repeated === undefined) return sockets;
  throw refused(`two sockets are called ${repeated.name}`);
}

function limitsOf(value: unknown): Limits {
  const limits = fieldsOf(value, "limits");
  const read = (name: string): number | undefined =>
    limits[name] === undefined ? undefined : numberOf(limits, name, Number.MAX_SAFE_INTEGER);
  return {
    openFiles: read("openFiles"),
    processes: read("processes"),
    memoryBytes: read("memoryBytes"),
    cpuPercent: read("cpuPercent"),
    coreBytes: read("coreBytes"),
  };
}

function refused(sentence: string): AgentFailure {
  return new AgentFailure("bad_request", sentence);
}
