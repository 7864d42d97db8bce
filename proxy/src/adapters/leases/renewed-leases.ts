// Leases that end by themselves, renewed while their holder lives.
import { randomBytes } from "node:crypto";
import { reasonOf } from "../../domain/engine-reason.ts";
import type { LeaseEngine, Leases } from "../../domain/leases.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { Silence } from "../../domain/silence.ts";

/** An engine that fails later than this has not refused, but been waited for in vain. */
const refusalMs = 1_000;

/**
 * Leases by an engine. `lifetimeMs` is how long one outlives its holder: the longest that anybody waits for a dead instance.
 * It is renewed three times meanwhile, so that two lost answers in a row do no harm.
 */
export class RenewedLeases implements Leases, AsyncDisposable {
  readonly #engine: LeaseEngine;
  readonly #lifetimeMs: number;
  readonly #held = new Set<HeldLease>();
  readonly #silence: Silence;

  constructor(engine: LeaseEngine, { lifetimeMs }: { readonly lifetimeMs: number }) {
    this.#engine = engine;
    this.#lifetimeMs = lifetimeMs;
    this.#silence = new Silence(() => engine.ask());
  }

  async take(key: string): Promise<AsyncDisposable | undefined> {
    if (await this.#silence.lasts()) {
      throw unavailable(this.#engine.name, "it has been waited for in vain");
    }
    const holder = randomBytes(16).toString("hex");
    const begunMs = performance.now();
    try {
      if (!(await this.#engine.take(key, holder, this.#lifetimeMs))) return undefined;
    } catch (cause) {
      if (performance.now() - begunMs > refusalMs) this.#silence.begin();
      // A question that was given up may still arrive, and would take the lease for nobody.
      void this.#engine.release(key, holder).catch(() => undefined);
      throw unavailable(this.#engine.name, cause);
    }
    const lease = new HeldLease(this.#engine, { key, holder, lifetimeMs: this.#lifetimeMs }, () =>
      this.#held.delete(lease),
    );
    this.#held.add(lease);
    return lease;
  }

  /** Gives back what is still held, and leaves the engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#held, (lease) => lease[Symbol.asyncDispose]()));
    await this.#engine[Symbol.asyncDispose]();
  }
}

interface Held {
  readonly key: string;
  readonly holder: string;
  readonly lifetimeMs: number;
}

class HeldLease implements AsyncDisposable {
  readonly #engine: LeaseEngine;
  readonly #held: Held;
  readonly #onEnd: () => void;
  readonly #renewal: NodeJS.Timeout;
  #renewing: Promise<void> | undefined;

  constructor(engine: LeaseEngine, held: Held, onEnd: () => void) {
    this.#engine = engine;
    this.#held = held;
    this.#onEnd = onEnd;
    this.#renewal = setInterval(() => {
      this.#renewing ??= this.#renew();
    }, held.lifetimeMs / 3).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    await this.#renewing;
    this.#onEnd();
    // What cannot be given back ends by itself.
    await this.#engine.release(this.#held.key, this.#held.holder).catch(() => undefined);
  }

  /** An engine that does not answer is asked again next time; one that says no has given the lease to somebody else. */
  async #renew(): Promise<void> {
    const { key, holder, lifetimeMs } = this.#held;
    try {
      if (!(await this.#engine.renew(key, holder, lifetimeMs))) clearInterval(this.#renewal);
    } catch {
      // Told by whoever takes the next lease.
    } finally {
      this.#renewing = undefined;
    }
  }
}

function unavailable(name: string, cause: unknown): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    `no new version can be fetched, for ${name}, by which the instances agree who fetches it, does not answer (${reasonOf(cause)}): ask again soon`,
    { cause },
  );
}
