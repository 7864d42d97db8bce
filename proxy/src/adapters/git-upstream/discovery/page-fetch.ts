// Gets small web pages from hosts that anybody may have named.
import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as requestPlain,
} from "node:http";
import { request as requestSecure, Agent as SecureAgent } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import {
  basicAuthorization,
  type HostCredentials,
} from "../../../domain/repository/host-credentials.ts";
import { type AddressLookup, publicAddresses } from "./private-addresses.ts";

/** What a visit may do. */
export interface Reach {
  /** Whether private addresses may be visited. */
  readonly isPrivate: boolean;
  /** Whether connections may be without TLS. */
  readonly isInsecure: boolean;
}

export interface Page {
  readonly status: number;
  /** Where it was found in the end. */
  readonly url: URL;
  readonly text: string;
}

export interface PageFetchOptions {
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY stand. */
  readonly environment: Readonly<Record<string, string>>;
  readonly lookupAddresses: AddressLookup;
  readonly credentials: HostCredentials;
  /** For a page with everything that leads to it. */
  readonly timeoutMs: number;
}

/** What matters of a page stands at its beginning. */
const mostBytes = 2 ** 20;
/** As in Go's net/http. */
const mostRedirects = 10;

/** Follows redirects, but never from TLS to none, and to private addresses only if it may. */
export class PageFetch {
  readonly #options: PageFetchOptions;

  constructor(options: PageFetchOptions) {
    this.#options = options;
  }

  /**
   * The page at a URL, whatever its status; what is longer than 1 MiB is cut. Rejects with `refused`,
   * `upstream_unavailable` or `timed_out`, or with the signal's reason.
   */
  async get(start: URL, reach: Reach, signal: AbortSignal): Promise<Page> {
    const deadline = AbortSignal.timeout(this.#options.timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    let url = start;
    try {
      for (let redirects = 0; redirects <= mostRedirects; redirects++) {
        const answer = await this.#ask(url, reach, either);
        const target = redirectTarget(answer, url);
        if (target === undefined) {
          return { status: answer.statusCode ?? 0, url, text: await beginning(answer) };
        }
        answer.on("error", () => undefined).destroy();
        checkRedirect(url, target);
        url = target;
      }
    } catch (failure) {
      signal.throwIfAborted();
      throw deadline.aborted ? this.#tooSlow(url) : pageFailure(failure, url);
    }
    throw new ProxyFailure("upstream_unavailable", `${start.host} redirects in a circle`);
  }

  async #ask(url: URL, reach: Reach, signal: AbortSignal): Promise<IncomingMessage> {
    checkScheme(url, reach);
    // Where an outbound proxy stands in between, that one looks hosts up, and says which may be visited.
    const isGuarded = !reach.isPrivate && !this.#goesThroughProxy(url);
    const addresses = isGuarded
      ? await publicAddresses(url.hostname, this.#options.lookupAddresses)
      : [];
    const login = await this.#options.credentials(url);
    const authorization = login && basicAuthorization(login);
    const isSecure = url.protocol === "https:";
    const agentOptions = { proxyEnv: this.#options.environment, keepAlive: false };
    const options = {
      agent: isSecure ? new SecureAgent(agentOptions) : new PlainAgent(agentOptions),
      headers: { "user-agent": "stoa", ...(authorization && { authorization }) },
      signal,
      // The address that was checked is the one that is visited: a name server may answer differently next time.
      ...(addresses.length > 0 && { lookup: fixedLookup(addresses) }),
    };
    return answerOf(isSecure ? requestSecure(url, options) : requestPlain(url, options));
  }

  #goesThroughProxy(url: URL): boolean {
    const { environment } = this.#options;
    const name = url.protocol === "https:" ? "https_proxy" : "http_proxy";
    return Boolean(environment[name] || environment[name.toUpperCase()]);
  }

  #tooSlow(url: URL): ProxyFailure {
    const seconds = this.#options.timeoutMs / 1000;
    return new ProxyFailure("timed_out", `${url.host} did not answer within ${seconds} s`);
  }
}

function checkScheme(url: URL, reach: Reach): void {
  if (url.protocol === "https:" || (url.protocol === "http:" && reach.isInsecure)) return;
  throw new ProxyFailure(
    "refused",
    `${url.host} is to be visited without TLS, which this proxy only does where it is told to`,
  );
}

function checkRedirect(from: URL, to: URL): void {
  if (from.protocol === to.protocol || to.protocol === "https:") return;
  throw new ProxyFailure(
    "upstream_unavailable",
    `${from.host} redirects to ${to.host} without TLS`,
  );
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once("response", resolve).on("error", reject).end();
  return promise;
}

function redirectTarget(answer: IncomingMessage, from: URL): URL | undefined {
  const { location } = answer.headers;
  const isRedirect = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0);
  return isRedirect && location ? (URL.parse(location, from) ?? undefined) : undefined;
}

async function beginning(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= mostBytes) break;
  }
  return Buffer.concat(chunks).toString();
}

function fixedLookup(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first] = found;
  return (_host, options, answer) => {
    if (options.all) answer(null, found);
    else answer(null, first?.address ?? "", first?.family);
  };
}

/** Node gives its errors these codes; the words are for people. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it broke off the connection",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  ENOTFOUND: "its name has no address",
  EAI_AGAIN: "the name server does not answer",
  ETIMEDOUT: "it does not answer",
};

function pageFailure(cause: unknown, url: URL): unknown {
  if (cause instanceof ProxyFailure) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  const reason = reasons[code] ?? `the connection failed (${code})`;
  return new ProxyFailure("upstream_unavailable", `${url.host} gives no answer: ${reason}`, {
    cause,
  });
}
