// News: whoever follows hears everything that is published from then on.

/** How many items may wait for a follower; one that is slower is let go. */
const mostWaiting = 10_000;

/** Publishes to followers in this process. Nothing is kept: without followers, news is gone. */
export class News<T> {
  readonly #followers = new Set<(item: T) => void>();

  publish(item: T): void {
    for (const tell of this.#followers) tell(item);
  }

  /** Everything from now on, in order, until the signal. Ends early for a follower that falls far behind. */
  follow(signal: AbortSignal): AsyncIterableIterator<T> {
    const waiting: T[] = [];
    let wake = (): void => undefined;
    let ended = false;
    const tell = (item: T): void => {
      if (waiting.length >= mostWaiting) end();
      else waiting.push(item);
      wake();
    };
    const end = (): void => {
      ended = true;
      this.#followers.delete(tell);
      wake();
    };
    this.#followers.add(tell);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    async function* items(): AsyncGenerator<T> {
      try {
        for (;;) {
          const item = waiting.shift();
          if (item !== undefined) yield item;
          else if (ended) return;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        signal.removeEventListener("abort", end);
        end();
      }
    }
    return items();
  }
}
