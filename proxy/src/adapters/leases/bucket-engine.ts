// Leases in a bucket of Google Cloud Storage or Azure: objects that are made where none is.
import { createHash, randomBytes } from "node:crypto";
import {
  type LabelledHead,
  openRemovingBucket,
  type RemovingBucket,
  type RemovingBucketSettings,
} from "@stoa/blobs";
import type { LeaseEngine } from "../../domain/leases.ts";

const answerMs = 5000;

/** How many leases of others are watched. One that is forgotten is only watched from its beginning again. */
const mostWatched = 10_000;

/** Opens the bucket, and takes and gives back a lease. Rejects with the service's own words. */
export async function openBucketEngine(settings: RemovingBucketSettings): Promise<LeaseEngine> {
  const engine = new BucketEngine(await openRemovingBucket(settings), nameOf(settings));
  try {
    await engine.ask();
    return engine;
  } catch (failure) {
    await engine[Symbol.asyncDispose]();
    throw failure;
  }
}

/**
 *     absent ── create ──▶ held ── renew ──▶ held ── remove ──▶ absent
 *                            └── silent for its lifetime ── replace ──▶ held by another
 *
 * Every step but the first names the tag of what it changes, so it happens only if nobody else was there before. Time is
 * measured by each for itself from when it first saw a tag: clocks may differ, and a lease is free a lifetime after
 * somebody has first met it unrenewed.
 */
class BucketEngine implements LeaseEngine {
  readonly name: string;
  readonly #bucket: RemovingBucket;
  /** The tag of what a holder has written last. */
  readonly #held = new Map<string, string>();
  /** What stands at a key, and since when it has been seen there. In the order of first sight. */
  readonly #watched = new Map<string, { readonly tag: string; readonly sinceMs: number }>();

  constructor(bucket: RemovingBucket, name: string) {
    this.#bucket = bucket;
    this.name = name;
  }

  async ask(): Promise<void> {
    const probe = `probe ${randomBytes(8).toString("hex")}`;
    await this.take(probe, probe, answerMs);
    await this.release(probe, probe);
  }

  async take(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    const there = await this.#look(key);
    if (there === undefined) return this.#write(key, holder, lifetimeMs, "absent");
    if (there.labels["holder"] === holder) {
      // A put that was repeated after a broken connection has met itself.
      this.#held.set(holder, there.tag);
      return true;
    }
    if (!this.#isSilent(key, there)) return false;
    return this.#write(key, holder, lifetimeMs, { tag: there.tag });
  }

  async renew(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    const tag = this.#held.get(holder);
    if (tag === undefined) return false;
    if (await this.#write(key, holder, lifetimeMs, { tag })) return true;
    const there = await this.#look(key);
    if (there?.labels["holder"] !== holder) return false;
    this.#held.set(holder, there.tag);
    return true;
  }

  async release(key: string, holder: string): Promise<void> {
    // Who was never told that it holds the lease may hold it all the same.
    const tag = this.#held.get(holder) ?? (await this.#tagOf(key, holder));
    this.#held.delete(holder);
    if (tag !== undefined) {
      await within(answerMs, (signal) => this.#bucket.deleteTagged(keyOf(key), tag, signal));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bucket[Symbol.asyncDispose]();
  }

  async #write(
    key: string,
    holder: string,
    lifetimeMs: number,
    when: "absent" | { readonly tag: string },
  ): Promise<boolean> {
    const labels = { holder, lifetime: `${Math.ceil(lifetimeMs)}` };
    const tag = await within(answerMs, (signal) =>
      this.#bucket.put(keyOf(key), Buffer.from(`${key}\n`), { when, labels }, signal),
    );
    if (tag === undefined) return false;
    this.#held.set(holder, tag);
    this.#watched.delete(key);
    return true;
  }

  async #tagOf(key: string, holder: string): Promise<string | undefined> {
    const there = await this.#look(key);
    return there?.labels["holder"] === holder ? there.tag : undefined;
  }

  #look(key: string): Promise<LabelledHead | undefined> {
    return within(answerMs, (signal) => this.#bucket.stat(keyOf(key), signal));
  }

  /** Whether it has stood there for its lifetime, as far as this instance has seen. */
  #isSilent(key: string, { tag, labels }: LabelledHead): boolean {
    const nowMs = performance.now();
    const seen = this.#watched.get(key);
    if (seen?.tag === tag) return nowMs - seen.sinceMs > Number(labels["lifetime"]);
    this.#watched.delete(key);
    this.#watched.set(key, { tag, sinceMs: nowMs });
    if (this.#watched.size > mostWatched) {
      const [oldest = ""] = this.#watched.keys();
      this.#watched.delete(oldest);
    }
    return false;
  }
}

/** Not every text can be a part of a key; what it is about can be read in the object. */
function keyOf(key: string): string {
  return `.stoa/leases/${createHash("sha256").update(key).digest("hex")}`;
}

function nameOf(settings: RemovingBucketSettings): string {
  return settings.service === "gcs"
    ? `the bucket ${settings.bucket} of Google Cloud Storage`
    : `the container ${settings.container} of Azure`;
}

/** Some SDKs look at a signal only between their requests. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${ms / 1000} seconds`)),
    ms,
  );
  const stopping = new AbortController();
  try {
    return await Promise.race([work(stopping.signal), late.promise]);
  } finally {
    clearTimeout(timer);
    stopping.abort();
  }
}
