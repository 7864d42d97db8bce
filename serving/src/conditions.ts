// Which answer a conditional or partial request gets: RFC 9110 §13.2.2 and §14.2, decided without sending anything.
import type { IncomingHttpHeaders } from "node:http";
import { type ByteRange, toByteRange } from "./byte-range.ts";
import { isSameStrongly, listsEntityTag } from "./entity-tag.ts";
import { secondsOfDate, toHttpDateSeconds } from "./http-date.ts";

/** What tells one state of a resource from another. Both must change whenever the bytes change. */
export interface Validators {
  /** A strong entity tag, in its quotes. */
  readonly etag: string;
  /** When the bytes came to be. Compared by the second, as HTTP dates are. */
  readonly modified?: Date | undefined;
}

/** The status, and for 206 which bytes. */
export type Verdict = Sending | { readonly status: 304 | 412 | 416 };

/** The verdicts that send the resource, or a part of it. */
export type Sending =
  | { readonly status: 200 }
  | { readonly status: 206; readonly range: ByteRange };

/** Whether no header of the request could make the answer anything but the whole file. Allocates nothing. */
export function isUnconditional(headers: IncomingHttpHeaders): boolean {
  return (
    headers["if-none-match"] === undefined &&
    headers.range === undefined &&
    headers["if-modified-since"] === undefined &&
    headers["if-match"] === undefined &&
    headers["if-unmodified-since"] === undefined
  );
}

/** Decides for an existing resource of `size` bytes, in the order of precedence of RFC 9110 §13.2.2. */
export function decideAnswer(
  method: string,
  headers: IncomingHttpHeaders,
  validators: Validators,
  size: number,
): Verdict {
  const isRead = method === "GET" || method === "HEAD";
  if (!isExpectedState(headers, validators)) return { status: 412 };
  if (isKnownState(headers, validators, isRead)) return { status: isRead ? 304 : 412 };
  // RFC 9110 §14.2: range handling is defined for GET alone.
  if (method !== "GET" || headers.range === undefined || !isRangeWanted(headers, validators)) {
    return { status: 200 };
  }
  const range = toByteRange(headers.range, size);
  if (range === undefined) return { status: 200 };
  return range === "unsatisfiable" ? { status: 416 } : { status: 206, range };
}

/** Steps 1 and 2: If-Match, and If-Unmodified-Since in its absence. */
function isExpectedState(headers: IncomingHttpHeaders, { etag, modified }: Validators): boolean {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) return listsEntityTag(ifMatch, etag, "strong");
  const since = secondsIn(headers["if-unmodified-since"]);
  return since === undefined || modified === undefined || secondsOfDate(modified) <= since;
}

/** Steps 3 and 4: If-None-Match, and for reading methods If-Modified-Since in its absence. */
function isKnownState(
  headers: IncomingHttpHeaders,
  { etag, modified }: Validators,
  isRead: boolean,
): boolean {
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) return listsEntityTag(ifNoneMatch, etag, "weak");
  const since = isRead ? secondsIn(headers["if-modified-since"]) : undefined;
  return since !== undefined && modified !== undefined && secondsOfDate(modified) <= since;
}

/** Step 5: If-Range holds only for exactly this state (RFC 9110 §13.1.5). */
function isRangeWanted(headers: IncomingHttpHeaders, { etag, modified }: Validators): boolean {
  const ifRange = headers["if-range"];
  if (ifRange === undefined) return true;
  if (typeof ifRange !== "string") return false;
  if (ifRange.includes('"')) return isSameStrongly(ifRange, etag);
  const date = toHttpDateSeconds(ifRange);
  return date !== undefined && modified !== undefined && date === secondsOfDate(modified);
}

/** An invalid date is as if the header were absent (RFC 9110 §13.1.3 and §13.1.4). */
function secondsIn(date: string | undefined): number | undefined {
  return date === undefined ? undefined : toHttpDateSeconds(date);
}
