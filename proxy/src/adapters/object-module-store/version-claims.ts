// Who may write a version: one at a time, over all instances.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { BlobFailure, type BlobStore } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { ownKey } from "./own-keys.ts";

/** Everything that time does here, in milliseconds. */
export interface ClaimTimes {
  /** How often a holder says that it lives. */
  readonly renewMs: number;
  /** After so long without a word a holder is taken for dead. A multiple of `renewMs`. */
  readonly deadMs: number;
  /** How long a writer waits for others in all. */
  readonly patienceMs: number;
}

const usualTimes: ClaimTimes = { renewMs: 4_000, deadMs: 15_000, patienceMs: 300_000 };

const firstPauseMs = 20;
const longestPauseMs = 1000;

/** A claim as it stands in the bucket. */
interface Claim {
  readonly holder: string;
  readonly tag: string;
}

/**
 * A claim is an object that is made where none is (create-only), renewed while the work lasts, and removed at the end.
 * Others wait until it is gone, or has not been renewed for long, and then take its place (compare-and-swap).
 *
 *     absent ── create ──▶ held ── renew ──▶ held ── remove ──▶ absent
 *                            └── silent for too long ── swap ──▶ held by another; its first holder stops
 *
 * Time is measured by each for itself, so clocks may differ. Claims keep writers of one version apart; that it is fetched
 * once is not their business.
 */
export class VersionClaims {
  readonly #store: BlobStore;
  readonly #times: ClaimTimes;

  constructor(store: BlobStore, times: ClaimTimes = usualTimes) {
    this.#store = store;
    this.#times = times;
  }

  /** Runs the work while it holds the claim. The signal says that the claim was lost: nothing more may be written. */
  async during<T>(module: ModuleVersion, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const key = ownKey("claims", module, "claim");
    const first = await this.#win(key, module);
    const lost = new AbortController();
    const ended = new AbortController();
    const renewing = this.#renew(key, first, ended.signal).catch(() =>
      lost.abort(lostClaim(module)),
    );
    try {
      return await work(lost.signal);
    } finally {
      ended.abort();
      await renewing;
      // A claim that stays behind is taken for dead by and by.
      if (!lost.signal.aborted) await this.#store.delete(key).catch(() => undefined);
    }
  }

  async #win(key: string, module: ModuleVersion): Promise<Claim> {
    const holder = randomBytes(8).toString("hex");
    const began = performance.now();
    const unchanged = new Unchanged();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const made = await this.#write(key, holder, "absent");
      if (made !== undefined) return made;
      const other = await this.#read(key);
      const now = performance.now();
      // A put that was repeated after a broken connection may have met itself.
      if (other?.holder === holder) return other;
      if (other !== undefined && unchanged.forMs(other, now) > this.#times.deadMs) {
        const taken = await this.#write(key, holder, { tag: other.tag });
        if (taken !== undefined) return taken;
      }
      if (now - began > this.#times.patienceMs) throw stillBusy(module);
      await pause(pauseMs * (0.5 + Math.random()));
    }
  }

  /** Rejects when the claim is another's, or could not be renewed in time. */
  async #renew(key: string, first: Claim, ended: AbortSignal): Promise<void> {
    let claim = first;
    for (let since = performance.now(); await lasts(this.#times.renewMs, ended); ) {
      try {
        const renewed = await this.#write(key, claim.holder, { tag: claim.tag });
        const there = renewed ?? (await this.#read(key));
        if (there?.holder !== claim.holder) throw new Error("the claim is another's");
        claim = there;
        since = performance.now();
      } catch (failure) {
        const isOld = performance.now() - since > this.#times.deadMs - this.#times.renewMs;
        if (!(failure instanceof BlobFailure) || isOld) throw failure;
      }
    }
  }

  /** Each word is another, so that each has a tag of its own also where tags are made of the bytes. */
  async #write(
    key: string,
    holder: string,
    when: "absent" | { readonly tag: string },
  ): Promise<Claim | undefined> {
    const word = Buffer.from(`${holder} ${randomBytes(8).toString("hex")}\n`);
    const tag = await this.#store.put(key, word, { when });
    return tag === undefined ? undefined : { holder, tag };
  }

  async #read(key: string): Promise<Claim | undefined> {
    const blob = await this.#store.get(key);
    if (blob === undefined || blob === "unchanged") return undefined;
    await using _open = blob;
    const text = Buffer.concat(await Array.fromAsync(blob.body)).toString();
    return { holder: text.split(" ")[0] ?? "", tag: blob.head.tag };
  }
}

/** How long it is since a claim was renewed, as far as has been noticed here. */
class Unchanged {
  #tag: string | undefined;
  #since = 0;

  forMs({ tag }: Claim, now: number): number {
    if (tag !== this.#tag) {
      this.#tag = tag;
      this.#since = now;
    }
    return now - this.#since;
  }
}

/** Says whether the time has passed without the signal. */
async function lasts(ms: number, signal: AbortSignal): Promise<boolean> {
  return pause(ms, true, { signal }).catch(() => false);
}

function lostClaim(module: ModuleVersion): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    "another instance began to keep it because this one was not heard of for too long; ask again",
    { subject: module },
  );
}

function stillBusy(module: ModuleVersion): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    "another instance has been busy keeping it for minutes; ask again",
    { subject: module },
  );
}
