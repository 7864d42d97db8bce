// The keeper, as the agent reaches it through its control socket.
import process from "node:process";
import { AgentFailure, type AgentFailureCode } from "../../domain/agent-failure.ts";
import type { ProcessView } from "../../domain/launch.ts";
import type { Supervisor } from "../../domain/supervisor.ts";

const answerWithinMs = 15_000;

/** Speaks to the keeper whose control socket is at a path. */
export function keeperClient(socketPath: string): Supervisor {
  const call = async <T>(method: string, path: string, body?: unknown, extraMs = 0): Promise<T> =>
    (await ask({ socketPath, method, path: `/v1/${path}` }, body, answerWithinMs + extraMs)) as T;
  const at = (service: string, id: string): string => `services/${service}/processes/${id}`;
  return {
    views: async () =>
      (await call<{ readonly processes: readonly ProcessView[] }>("GET", "processes")).processes,
    launch: (service, launch) => call("PUT", at(service, launch.id), launch),
    wait: (service, id, until, wholeOrNot) => {
      const waitMs = Math.ceil(wholeOrNot);
      return call("GET", `${at(service, id)}?until=${until}&waitMs=${waitMs}`, undefined, waitMs);
    },
    keep: (service, id) => call("POST", `${at(service, id)}/keep`),
    stop: (service, id, how) => call("POST", `${at(service, id)}/stop`, how),
    closeSockets: async (service, but) => {
      await call("POST", `services/${service}/close-sockets`, { but });
    },
    // What it keeps is in its memory.
    restore: async () => [],
    followsSuccession: true,
    boundsChildren: false,
  };
}

interface Target {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
}

async function ask(target: Target, body: unknown, withinMs: number): Promise<unknown> {
  const { status, text } = await exchange(target, body, withinMs).catch((cause) => {
    throw unreachable(target, cause instanceof Error ? cause.message : String(cause), cause);
  });
  const answer = parseAnswer(target, text);
  if (status === 200) return answer;
  const { code, sentence } = answer as { code: AgentFailureCode; sentence: string };
  throw new AgentFailure(code, sentence);
}

function exchange(
  target: Target,
  body: unknown,
  withinMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    // No import, for what that would bring along: see plane-exchange.ts.
    const outgoing = process.getBuiltinModule("node:http").request(
      {
        ...target,
        // A connection for each: one that the keeper has just closed must not be used.
        agent: false,
        signal: AbortSignal.timeout(Math.ceil(Math.max(0, withinMs))),
        headers: { host: "keeper", "content-type": "application/json" },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parseAnswer(target: Target, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreachable(target, "it answered with nonsense", cause);
  }
}

function unreachable({ socketPath }: Target, why: string, cause: unknown): AgentFailure {
  return new AgentFailure(
    "keeper_unreachable",
    `the keeper does not answer at ${socketPath} (${why}); start it with: stoa keeper`,
    cause,
  );
}
