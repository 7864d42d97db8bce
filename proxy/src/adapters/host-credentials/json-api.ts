// Asks a web API for small JSON objects.
import { type ClientRequest, Agent as PlainAgent, request as requestPlain } from "node:http";
import { request as requestSecure, Agent as SecureAgent } from "node:https";
import { json } from "node:stream/consumers";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

export interface ApiQuestion {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Where HTTPS_PROXY and the like stand. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: object;
}

const timeoutMs = 30_000;

/** Gives the answer, whatever its status; redirects are not followed. Rejects with `upstream_unavailable`. */
export async function askApi({
  url,
  method,
  headers,
  environment,
}: ApiQuestion): Promise<ApiAnswer> {
  const agentOptions = { proxyEnv: environment, keepAlive: false };
  const options = {
    method,
    headers: { "user-agent": "stoa", ...headers },
    signal: AbortSignal.timeout(timeoutMs),
  };
  const isSecure = url.protocol === "https:";
  try {
    return await answerOf(
      isSecure
        ? requestSecure(url, { ...options, agent: new SecureAgent(agentOptions) })
        : requestPlain(url, { ...options, agent: new PlainAgent(agentOptions) }),
    );
  } catch (cause) {
    throw new ProxyFailure("upstream_unavailable", `${url.host} gives no answer`, { cause });
  }
}

function answerOf(request: ClientRequest): Promise<ApiAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
  request.once("error", reject).once("response", (response) => {
    const status = response.statusCode ?? 0;
    json(response)
      .catch(() => ({})) // a page of a gateway, say: its status tells enough
      .then((body) => resolve({ status, body: Object(body) as object }), reject);
  });
  request.end();
  return promise;
}
