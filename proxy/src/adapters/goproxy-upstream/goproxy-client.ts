// What all upstreams that are module proxies share: connections, queues, credentials.

import { formatHops } from "../../domain/hops.ts";
import type { Upstream } from "../../domain/upstream.ts";
import { Exchange } from "./exchange.ts";
import { GoproxyUpstream } from "./goproxy-upstream.ts";
import { HostQueues } from "./host-queue.ts";
import { type CredentialSource, type NetrcEntry, readCredentials } from "./netrc.ts";
import { RemoteDocuments } from "./remote-documents.ts";
import { type Retries, type RetryClock, systemClock } from "./retries.ts";
import { type Deadlines, type OutboundProxies, Transport } from "./transport.ts";
import { authorizationFor } from "./upstream-credentials.ts";

/** What an operator chooses, and who we are to other instances. */
export interface GoproxyClientOptions extends Deadlines, CredentialSource {
  /** The id of this instance, which it sends behind the hops. */
  readonly ownHop: string;
  /** Through which instances the request came that a call is made for; read once, at the start of the call. */
  readonly hops: () => readonly string[];
  readonly proxies: OutboundProxies;
  /** Requests to one host at a time: so many for small files, and as many again for zips. */
  readonly connections: number;
  /** Requests of either kind that may wait for one host. */
  readonly queue: number;
  /** For a small file from the queue to its last byte, retries included; for a zip to its first. */
  readonly timeoutMs: number;
  readonly retries?: Retries;
  readonly clock?: RetryClock;
}

const defaultRetries: Retries = {
  attempts: 4,
  firstPauseMs: 200,
  longestPauseMs: 2000,
  withinMs: 20_000,
};

/** Opens a connection when it is needed, and reads .netrc before the first, and when it is told to. */
export class GoproxyClient implements AsyncDisposable {
  readonly #options: GoproxyClientOptions;
  readonly #transports: readonly Transport[];
  readonly #documents: Exchange;
  readonly #zips: Exchange;
  readonly #queues: readonly HostQueues[];
  #source: CredentialSource;
  #known: Promise<readonly NetrcEntry[]> | undefined;

  constructor(options: GoproxyClientOptions) {
    const { connectMs, firstByteMs, progressMs, connections, proxies } = options;
    const deadlines = { connectMs, firstByteMs, progressMs };
    const transport = (multiplexed: boolean): Transport =>
      new Transport({ deadlines, connections, proxies, multiplexed });
    const limits = { concurrent: connections, waiting: options.queue };
    const exchange = (over: Transport, queues: HostQueues): Exchange =>
      new Exchange({
        transport: over,
        queues,
        deadlines,
        timeoutMs: options.timeoutMs,
        retries: options.retries ?? defaultRetries,
        clock: options.clock ?? systemClock,
      });
    // Small files share connections; a zip has one to itself.
    const shared = transport(true);
    const single = transport(false);
    const queues = [new HostQueues(limits), new HostQueues(limits)] as const;
    this.#options = options;
    this.#source = options;
    this.#transports = [shared, single];
    this.#queues = queues;
    this.#documents = exchange(shared, queues[0]);
    this.#zips = exchange(single, queues[1]);
  }

  /** How many requests wait for their turn. */
  get waiting(): number {
    return this.#queues.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /**
   * The upstream at a URL like `https://proxy.example/prefix`, which may hold user name and password. Throws a sentence
   * if it is no `http` or `https` URL.
   */
  upstream(text: string): Upstream {
    return new GoproxyUpstream({ documents: this.documents(text), zips: this.#zips });
  }

  /** Small files below a URL of that form, such as those of a checksum database. */
  documents(text: string): RemoteDocuments {
    const url = URL.parse(text);
    // The message must not repeat the text, which may hold a password.
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new Error("an entry of the GOPROXY list is no http or https URL");
    }
    const { hops, ownHop } = this.#options;
    return new RemoteDocuments({
      url,
      exchange: this.#documents,
      hops: () => formatHops(hops(), ownHop),
      authorization: async () => authorizationFor(url, await this.#credentials()),
    });
  }

  /** Reads credentials anew; the function that comes back puts them in force. Rejects if a named file cannot be read. */
  async prepareCredentials(source: CredentialSource): Promise<() => void> {
    const entries = await readCredentials(source);
    return () => {
      this.#source = source;
      this.#known = Promise.resolve(entries);
    };
  }

  /** Breaks off what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport[Symbol.asyncDispose]()));
  }

  async #credentials(): Promise<readonly NetrcEntry[]> {
    this.#known ??= readCredentials(this.#source);
    try {
      return await this.#known;
    } catch (failure) {
      this.#known = undefined; // the next call looks again
      throw failure;
    }
  }
}
