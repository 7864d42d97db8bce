// The keeper's control socket: JSON over HTTP for the agent on the same machine.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Keeper } from "../application/keep-services.ts";
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import { fieldsOf, isName, numberOf, parseLaunch, textsOf } from "../domain/parse-launch.ts";
import { statusOf } from "./failure-answer.ts";

const mostBodyBytes = 1 << 20;
const longestWaitMs = 30_000;

type Route = (keeper: Keeper, call: Call) => Promise<unknown>;

interface Call {
  readonly service: string;
  readonly process: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/**
 *     GET  /v1/processes
 *     PUT  /v1/services/SERVICE/processes/ID             a launch
 *     GET  /v1/services/SERVICE/processes/ID?until=ready|gone&waitMs=N
 *     POST /v1/services/SERVICE/processes/ID/keep
 *     POST /v1/services/SERVICE/processes/ID/stop        {"graceMs", "unasked"}
 *     POST /v1/services/SERVICE/close-sockets            {"but": [address, …]}
 */
const routes: Readonly<Record<string, Route>> = {
  "GET processes": async (keeper) => ({ processes: keeper.views() }),
  "PUT process": (keeper, { service, process, body }) =>
    keeper.launch(service, parseLaunch({ ...fieldsOf(body, "the launch"), id: process })),
  "GET process": (keeper, { service, process, query }) => {
    const until = query.get("until") === "gone" ? "gone" : query.has("until") ? "ready" : "now";
    const waitMs = Math.min(longestWaitMs, Number(query.get("waitMs") ?? 0) || 0);
    return keeper.wait(service, process, until, waitMs);
  },
  "POST keep": (keeper, { service, process }) => keeper.keep(service, process),
  "POST stop": (keeper, { service, process, body }) => {
    const fields = fieldsOf(body, "the order");
    return keeper.stop(service, process, {
      unasked: fields["unasked"] === true,
      ...(fields["graceMs"] === undefined
        ? {}
        : { graceMs: numberOf(fields, "graceMs", 3_600_000) }),
    });
  },
  "POST close-sockets": async (keeper, { service, body }) => {
    keeper.closeSockets(service, textsOf(fieldsOf(body, "the order"), "but"));
    return {};
  },
};

/**
 * Answers on the control socket, once the keeper is open. Whoever can open the socket may do everything: its file belongs
 * to root alone.
 */
export function keeperControl(
  keeper: Keeper,
  opened: Promise<void>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void opened
      .then(() => answer(keeper, request))
      .then((body) => send(response, 200, body))
      .catch((failure: unknown) => {
        const code = failure instanceof AgentFailure ? failure.code : "disk_failed";
        send(response, statusOf[code], { code, sentence: sentenceOf(failure) });
      });
  };
}

async function answer(keeper: Keeper, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? "/", "http://keeper");
  const [version, first, service = "", second, process = "", verb] = url.pathname
    .slice(1)
    .split("/");
  const noun = verb ?? (process !== "" ? "process" : second) ?? first;
  const route = version === "v1" ? routes[`${request.method} ${noun}`] : undefined;
  const isWhole = first === "processes" || (first === "services" && isName(service));
  if (route === undefined || !isWhole) {
    throw new AgentFailure("not_found", `the keeper knows no ${request.method} ${url.pathname}`);
  }
  return await route(keeper, {
    service,
    process,
    query: url.searchParams,
    body: await readBody(request),
  });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBodyBytes) throw new AgentFailure("bad_request", "the request is too large");
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new AgentFailure("bad_request", "the request is not JSON", cause);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
