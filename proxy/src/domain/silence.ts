// What has not answered in time is not waited for again by everybody who needs it.

/** Who answers, or refuses, within this time is not silent. */
const quickMs = 1_000;
/** A question that is open for so long is lost, perhaps with its connection, and is asked anew. */
const lostMs = 5_000;

/**
 * The silence of one server. It begins when somebody has waited in vain. Whoever wants to ask while it lasts has the server
 * asked a small question first, one for all, and waits a second for the answer at most. The first answer ends the silence.
 */
export class Silence {
  readonly #probe: () => Promise<unknown>;
  #isSilent = false;
  /** The small question that is open. Resolves when it is answered, or lost. */
  #asking: Promise<void> | undefined;

  /** `probe` asks the small question. A refusal is an answer if it comes at once. */
  constructor(probe: () => Promise<unknown>) {
    this.#probe = probe;
  }

  begin(): void {
    this.#isSilent = true;
  }

  /** Whether there is no use in asking now. */
  async lasts(): Promise<boolean> {
    if (!this.#isSilent) return false;
    this.#asking ??= this.#ask();
    await atMost(quickMs, this.#asking);
    return this.#isSilent;
  }

  async #ask(): Promise<void> {
    let isQuick = true;
    const slow = setTimeout(() => {
      isQuick = false;
    }, quickMs);
    const answered = this.#probe()
      .then(
        () => {
          this.#isSilent = false;
        },
        () => {
          if (isQuick) this.#isSilent = false;
        },
      )
      .finally(() => clearTimeout(slow));
    await atMost(lostMs, answered);
    this.#asking = undefined;
  }
}

/** Resolves when `work`, which never rejects, does, or when the time has passed. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
