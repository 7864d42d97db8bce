// A look at the database that is repeated whenever the database says so, and now and then anyway.
import type { Client } from "pg";

/** How often it looks when nothing is said: so long a message that got lost goes unnoticed. */
const everyMs = 2_000;
/** How long connecting, and one statement, may take. */
const answerMs = 2_000;
const reconnectMs = 500;

/** Looks until it is disposed of, over a connection of its own, which is made anew when it breaks. */
export class PostgresWatch implements AsyncDisposable {
  readonly #url: string;
  readonly #channel: string;
  readonly #look: (client: Client) => Promise<void>;
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;
  #isUp = false;

  /** `channel` is the one to LISTEN to. A look that rejects costs the connection. */
  constructor(url: string, channel: string, look: (client: Client) => Promise<void>) {
    this.#url = url;
    this.#channel = channel;
    this.#look = look;
    this.#watching = this.#watch();
  }

  /** Whether the last look succeeded. */
  get isUp(): boolean {
    return this.#isUp;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#overOneConnection(signal).catch(() => undefined); // the next one is better
      this.#isUp = false;
      await paused(reconnectMs, signal).over;
    }
  }

  async #overOneConnection(signal: AbortSignal): Promise<void> {
    const { Client } = (await import("pg")).default;
    const client = new Client({
      connectionString: this.#url,
      application_name: "stoa watch",
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
      keepAlive: true,
    });
    let rest = paused(0, signal);
    let isNotified = false;
    client.on("error", () => rest.end()); // the look that follows fails, and says so
    client.on("notification", () => {
      isNotified = true;
      rest.end();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
      while (!signal.aborted) {
        isNotified = false;
        await this.#look(client);
        this.#isUp = true;
        rest = paused(everyMs, signal);
        if (isNotified) rest.end();
        await rest.over;
      }
    } finally {
      // A server that stands still would never say goodbye.
      client.connection.stream.destroy();
    }
  }
}

/** A pause that can be cut short; the signal does so, too. */
function paused(ms: number, signal: AbortSignal): { readonly over: Promise<void>; end(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return { over: promise.finally(end), end };
}
