// How fast other hosts are asked for work that nobody waits for.
import { setTimeout } from "node:timers/promises";
import { ProxyFailure, type ProxyFailureCode } from "../domain/proxy-failure.ts";

/** How fast, in milliseconds. */
export interface Pace {
  /** Between two requests to the same host, on average at least. */
  readonly intervalMs: number;
  /** The first rest after a host has turned a request away; doubled each time. */
  readonly restMs: number;
  readonly longestRestMs: number;
}

interface Host {
  /** When its next request may be sent. */
  nextMs: number;
  refusals: number;
}

/** What hosts say that are asked too much (429, and 403 where a limit is used up), or that are down. */
const unwelcome: ReadonlySet<ProxyFailureCode> = new Set([
  "refused",
  "overloaded",
  "upstream_unavailable",
  "timed_out",
]);

const mostRefusals = 5;

/** Hands out turns, host by host: a slow host delays no other. */
export class PacedHosts {
  readonly #pace: Pace;
  readonly #now: () => number;
  readonly #hosts = new Map<string, Host>();

  constructor(pace: Pace, now: () => number) {
    this.#pace = pace;
    this.#now = now;
  }

  /** Waits until `requests` more may be sent to a host. Rejects with the signal's reason. */
  async turn(name: string, requests: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const host = this.#host(name);
    const now = this.#now();
    const atMs = Math.max(now, host.nextMs);
    // Up to a half more, so that instances and hosts do not fall into step.
    const each = this.#pace.intervalMs * (1 + Math.random() / 2);
    host.nextMs = atMs + requests * each;
    if (atMs <= now) return;
    await setTimeout(atMs - now, undefined, { signal }).catch((failure: unknown) => {
      signal.throwIfAborted();
      throw failure;
    });
  }

  /**
   * Asks a host when it is its turn, and once more when it had to be left alone. Rejects with what it says then, with
   * `overloaded` if it is given up, or with the signal's reason.
   */
  async ask<T>(
    name: string,
    { requests, question }: { readonly requests: number; readonly question: () => Promise<T> },
    signal: AbortSignal,
  ): Promise<T> {
    for (let isSecond = false; ; isSecond = true) {
      if (this.#isGivenUp(name)) throw givenUp(name);
      await this.turn(name, requests, signal);
      try {
        const answer = await question();
        this.#host(name).refusals = 0;
        return answer;
      } catch (failure) {
        signal.throwIfAborted();
        if (!this.failed(name, failure) || isSecond) throw failure;
      }
    }
  }

  /** Begins anew: what hosts said in the past says nothing about now. */
  forgive(): void {
    for (const host of this.#hosts.values()) host.refusals = 0;
  }

  /** A request has failed. True if the host is to be left alone for a while, and is. */
  failed(name: string, failure: unknown): boolean {
    if (!(failure instanceof ProxyFailure) || !unwelcome.has(failure.code)) return false;
    const host = this.#host(name);
    const { restMs, longestRestMs } = this.#pace;
    const askedMs = "afterMs" in failure ? Number(failure.afterMs) : 0;
    const doubledMs = Math.min(longestRestMs, restMs * 2 ** host.refusals);
    host.refusals += 1;
    const rest = Math.max(askedMs, doubledMs * (1 + Math.random() / 2));
    host.nextMs = Math.max(host.nextMs, this.#now() + rest);
    return true;
  }

  /** Whether a host has turned away so many requests in a row, rests included, that asking more is of no use. */
  #isGivenUp(name: string): boolean {
    return this.#host(name).refusals >= mostRefusals;
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name) ?? { nextMs: 0, refusals: 0 };
    this.#hosts.set(name, known);
    return known;
  }
}

function givenUp(host: string): ProxyFailure {
  const message = `${host} has turned away too many requests in a row; the rest of it waits for the next crawl`;
  return new ProxyFailure("overloaded", message);
}
