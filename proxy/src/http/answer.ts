// An answer as data: what will be sent, and for how long it holds.
import { hash } from "node:crypto";
import type { ArrivingZip } from "../application/arriving-zip.ts";
import type { StoredFile } from "../domain/module-store.ts";

/** Whether the answer was kept here (`hit`), had to be fetched (`miss`), or is old because no new one could be had. */
export type CacheResult = "hit" | "miss" | "stale" | "none";

/** How long, and for whom, an answer holds. */
export interface Freshness {
  readonly cacheControl: string;
  /** How old the answer is, where it is one that ages. */
  readonly ageMs: number | undefined;
  /** True if it is past its time. */
  readonly stale: boolean;
  /** How long it may be given out again from memory, without anybody being asked. */
  readonly reusableForMs: number;
}

/** The body of an answer. */
export type AnswerBody =
  | { readonly form: "bytes"; readonly bytes: Uint8Array }
  | { readonly form: "stored"; readonly file: StoredFile }
  | { readonly form: "arriving"; readonly zip: ArrivingZip }
  /** Something was ordered, and has been done: 202. */
  | { readonly form: "accepted"; readonly text: string }
  /** Not here: the client is to ask at `location`. */
  | { readonly form: "redirect"; readonly location: string; readonly status: number };

/** A whole answer; its status is 200 where the form of the body says nothing else. */
export interface Answer {
  readonly body: AnswerBody;
  readonly contentType: string;
  readonly freshness: Freshness;
  readonly cache: CacheResult;
  /** The upstream that was asked for it. */
  readonly from: string | undefined;
}

/** Version files never change. */
export const immutable: Freshness = {
  cacheControl: "public, max-age=31536000, immutable",
  ageMs: undefined,
  stale: false,
  reusableForMs: Number.POSITIVE_INFINITY,
};

/** Pages about the state of the proxy at this moment. */
export const momentary: Freshness = {
  cacheControl: "no-store",
  ageMs: undefined,
  stale: false,
  reusableForMs: 0,
};

/** The answer to an order that has been carried out. */
export function accepted(text: string): Answer {
  return {
    body: { form: "accepted", text },
    contentType: "text/plain; charset=utf-8",
    freshness: momentary,
    cache: "none",
    from: undefined,
  };
}

/** An answer that holds for `lifetimeMs` from when it was obtained, `ageMs` ago. */
export function shortLived(lifetimeMs: number, ageMs: number, stale: boolean): Freshness {
  return {
    cacheControl: `public, max-age=${Math.ceil(lifetimeMs / 1000)}`,
    ageMs,
    stale,
    reusableForMs: stale ? 0 : Math.max(0, lifetimeMs - ageMs),
  };
}

/** An answer that may be given out again only while something else holds, which it does for `holdsForMs` more. */
export function noLongerThan(holdsForMs: number, freshness: Freshness): Freshness {
  if (holdsForMs === Number.POSITIVE_INFINITY || freshness === momentary) return freshness;
  const age = freshness.reusableForMs === Number.POSITIVE_INFINITY ? 0 : freshness.ageMs;
  return {
    ...freshness,
    cacheControl: `public, max-age=${Math.floor(Math.min(holdsForMs, freshness.reusableForMs) / 1000)}`,
    ageMs: age,
    reusableForMs: Math.min(holdsForMs, freshness.reusableForMs),
  };
}

/** A strong validator for bytes that are at hand. */
export function etagOfBytes(bytes: Uint8Array): string {
  return `"${hash("sha256", bytes, "base64url").slice(0, 22)}"`;
}

/** A strong validator for a kept file: size and arrival identify its bytes (see `StoredFile.modified`). */
export function etagOfFile(size: number, modified: Date): string {
  return `"${size.toString(16)}-${modified.getTime().toString(16)}"`;
}

/** Response headers as a flat list of names and values. `ageMs` grows while an answer is reused. */
export function headersOf(contentType: string, freshness: Freshness): string[] {
  const headers = ["Content-Type", contentType, "Cache-Control", freshness.cacheControl];
  if (freshness.ageMs !== undefined) headers.push("Age", `${Math.floor(freshness.ageMs / 1000)}`);
  // RFC 7234 §5.5.1; later obsoleted, still what people look for.
  if (freshness.stale) headers.push("Warning", '110 - "Response is Stale"');
  return headers;
}
