// What the validator said, remembered for a short while.
import type { ModulePath } from "@stoa/gomod";
import type { Validator } from "../domain/policy/validator.ts";
import { Once } from "./once.ts";

/** A verdict and for how long it holds. */
export interface Verdict {
  readonly allowed: boolean;
  readonly holdsForMs: number;
}

/** How many verdicts are remembered; the oldest go first. */
const capacity = 20_000;

/** Asks the validator once per version and lifetime, however many requests there are. A missing verdict is not remembered. */
export class RememberedVerdicts {
  readonly #validator: Validator;
  readonly #lifetimeMs: number;
  readonly #now: () => number;
  readonly #once = new Once<boolean>();
  /** In order of arrival, which is that of expiry. */
  readonly #verdicts = new Map<string, { readonly allowed: boolean; readonly untilMs: number }>();

  constructor(
    validator: Validator,
    options: { readonly lifetimeMs: number; readonly now: () => number },
  ) {
    this.#validator = validator;
    this.#lifetimeMs = options.lifetimeMs;
    this.#now = options.now;
  }

  /** Rejects as `Validator.allows`. */
  async ask(path: ModulePath, version: string, signal: AbortSignal): Promise<Verdict> {
    const key = `${path}@${version}`;
    const known = this.#verdicts.get(key);
    const now = this.#now();
    if (known !== undefined && now < known.untilMs) {
      return { allowed: known.allowed, holdsForMs: known.untilMs - now };
    }
    const allowed = await this.#once.run(key, signal, async (shared) => {
      const verdict = await this.#validator.allows(path, version, shared);
      this.#remember(key, verdict);
      return verdict;
    });
    return { allowed, holdsForMs: this.#lifetimeMs };
  }

  #remember(key: string, allowed: boolean): void {
    this.#verdicts.delete(key);
    this.#verdicts.set(key, { allowed, untilMs: this.#now() + this.#lifetimeMs });
    if (this.#verdicts.size <= capacity) return;
    const [oldest = ""] = this.#verdicts.keys();
    this.#verdicts.delete(oldest);
  }
}
