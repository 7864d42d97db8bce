// Requests over pooled connections: the one file that knows the HTTP library.
import type { LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import { sharedLookup } from "./shared-lookup.ts";
import { trustSystemCertificates } from "./system-certificates.ts";

/** How long what may take. */
export interface Deadlines {
  /** Until a connection stands, TLS included. */
  readonly connectMs: number;
  /** From then until the head of the answer is there. */
  readonly firstByteMs: number;
  /** Between two pieces of the answer. How long the whole takes does not matter as long as it moves. */
  readonly progressMs: number;
}

/** Proxies between this program and the upstream, as HTTP_PROXY, HTTPS_PROXY and NO_PROXY name them. */
export interface OutboundProxies {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly exceptions?: string | undefined;
}

export interface TransportOptions {
  readonly deadlines: Deadlines;
  /** Connections to one host, at most. */
  readonly connections: number;
  /**
   * Whether requests share a connection where the host speaks HTTP/2. Good for many small answers. Not for large ones:
   * a reader that is slow for a moment would hold up all others on its connection (RFC 9113, section 5.2).
   */
  readonly multiplexed: boolean;
  readonly proxies: OutboundProxies;
}

export type TransportAnswer = Dispatcher.ResponseData;

type Library = typeof import("undici");

/** Loopback goes past every proxy, as it does in Go (golang.org/x/net/http/httpproxy). */
const neverProxied = "localhost,127.0.0.1,[::1]";
const idleMs = 60_000;

/** Connections to any number of hosts. They are kept for a minute, and opened when first needed, as is the library. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #lookup: LookupFunction = sharedLookup();
  readonly #dispatchers = new Map<string, Dispatcher>();
  #library: Promise<Library> | undefined;
  #closed: boolean = false;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * Sends a GET; resolves when the head of the answer is there. Follows nothing, decodes nothing, repeats nothing.
   * Rejects with the library's errors; the body fails with them too.
   */
  async get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<TransportAnswer> {
    // Loading these takes 100 ms, which the start of the program should not wait for.
    this.#library ??= import("undici");
    if (url.protocol === "https:") trustSystemCertificates();
    const dispatcher = this.#dispatcherFor(url.protocol, await this.#library);
    return dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      headers,
      signal,
    });
  }

  /** Breaks off what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const dispatchers = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
  }

  #dispatcherFor(protocol: string, library: Library): Dispatcher {
    if (this.#closed) throw new library.errors.ClientDestroyedError();
    const open = this.#dispatchers.get(protocol);
    if (open !== undefined) return open;
    const { proxies } = this.#options;
    const proxy = protocol === "https:" ? proxies.https : proxies.http;
    const dispatcher = proxy ? this.#proxied(proxy, library) : this.#straight(library);
    this.#dispatchers.set(protocol, dispatcher);
    return dispatcher;
  }

  #straight({ Agent }: Library): Dispatcher {
    return new Agent({ ...this.#poolOptions(), connect: this.#connectOptions() });
  }

  #proxied(proxy: string, { EnvHttpProxyAgent }: Library): Dispatcher {
    return new EnvHttpProxyAgent({
      ...this.#poolOptions(),
      connect: this.#connectOptions(),
      proxyTls: this.#connectOptions(),
      httpProxy: proxy,
      httpsProxy: proxy,
      noProxy: [neverProxied, this.#options.proxies.exceptions].filter(Boolean).join(","),
    });
  }

  #poolOptions() {
    const { connections, deadlines, multiplexed } = this.#options;
    return {
      connections,
      allowH2: multiplexed,
      connectTimeout: deadlines.connectMs,
      headersTimeout: deadlines.firstByteMs,
      bodyTimeout: deadlines.progressMs,
      keepAliveTimeout: idleMs,
    };
  }

  #connectOptions() {
    const { deadlines, multiplexed } = this.#options;
    return { lookup: this.#lookup, timeout: deadlines.connectMs, preferH2: multiplexed };
  }
}
