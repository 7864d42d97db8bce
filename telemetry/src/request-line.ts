// The log line of one answered request: written for every request, so by hand.
import { toJsonString } from "./json-string.ts";
import type { LineNames } from "./log-format.ts";

/** What is said about an answered request. */
export interface RequestLine {
  readonly method: string;
  /** The path of the URL. A query string is not written, for it may hold credentials. */
  readonly path: string;
  readonly module?: string | undefined;
  readonly version?: string | undefined;
  readonly status: number;
  /** Bytes of the body that were sent. */
  readonly bytes: number;
  /** How long the answer took, written to the microsecond. */
  readonly ms: number;
  /** How the answer was found: `hit`, `miss` and the like. */
  readonly cache?: string | undefined;
  /** Who had to be asked. */
  readonly upstream?: string | undefined;
  readonly id: string;
  /** The client's address. */
  readonly remote?: string | undefined;
}

/** What many requests have in common: all but their duration and their id. */
export type AlikeRequests = Omit<RequestLine, "ms" | "id">;

/** How lines for requests are made as JSON. */
export function requestLinesAsJson(names: LineNames): (line: RequestLine, time: string) => string {
  return (line, time) => alikeLinesAsJson(names, line)(line.ms, line.id, time);
}

/** How the lines of requests that are alike are made as JSON: all that they have in common is written once and for all. */
export function alikeLinesAsJson(
  names: LineNames,
  alike: AlikeRequests,
): (ms: number, id: string, time: string) => string {
  const { method, path, status, bytes, module, version, cache, upstream, remote } = alike;
  const beforeTime = `{"${names.severity}":"${names.severities.info}","${names.time}":"`;
  const beforeMs =
    `","${names.event}":"request","method":${toJsonString(method)},"path":${toJsonString(withoutQuery(path))}` +
    `${member("module", module)}${member("version", version)},"status":${status},"bytes":${bytes},"ms":`;
  const beforeId = `${member("cache", cache)}${member("upstream", upstream)}${member("remote", remote)},"id":`;
  return (ms, id, time) =>
    `${beforeTime}${time}${beforeMs}${toMillis(ms)}${beforeId}${toJsonString(id)}}\n`;
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${name}":${toJsonString(value)}`;
}

/** Event and fields of a request in the form for people. */
export function requestAsEvent(line: RequestLine): readonly [event: string, fields: object] {
  const { method, path, status, bytes, ms, ...rest } = line;
  const event = `${method} ${withoutQuery(path)} ${status}`;
  return [event, { bytes, ms: Number(toMillis(ms)), ...rest }];
}

function withoutQuery(path: string): string {
  const end = path.indexOf("?");
  return end === -1 ? path : path.slice(0, end);
}

/** Milliseconds with at most three decimals; twice as fast as the general way to write a fraction. */
function toMillis(ms: number): string {
  if (!(ms >= 0 && ms < 1e12)) return "0";
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1000);
  const rest = micros - whole * 1000;
  if (rest === 0) return String(whole);
  if (rest < 10) return `${whole}.00${rest}`;
  return rest < 100 ? `${whole}.0${rest}` : `${whole}.${rest}`;
}
