// Clients that never rest, and count what fails.
import { Agent, get } from "node:http";
import { until } from "./ask.ts";

const clients = 8;

/** Clients at work. */
export interface Load {
  readonly answers: () => number;
  /** Waits until so many were answered. */
  readonly more: (answers: number) => Promise<void>;
  readonly end: () => Promise<{
    answers: number;
    failures: readonly string[];
    versions: ReadonlySet<string>;
  }>;
}

/** Eight clients, each of which asks again as soon as it is answered. None of them tries a request twice. */
export function steadyLoad(url: string, keepAlive: boolean): Load {
  const agent = new Agent({ keepAlive, maxSockets: clients });
  const failures: string[] = [];
  const versions = new Set<string>();
  let answers = 0;
  let ended = false;
  const client = async (): Promise<void> => {
    while (!ended) {
      try {
        const version = /^hello from (\d),/.exec(await ask(url, agent))?.[1] ?? "nobody";
        versions.add(version);
        answers += 1;
      } catch (failure) {
        failures.push(String((failure as NodeJS.ErrnoException).code ?? failure));
      }
    }
  };
  const all = Array.from({ length: clients }, client);
  return {
    answers: () => answers,
    more: (wanted) => until(() => answers >= wanted),
    end: async () => {
      ended = true;
      await Promise.all(all);
      agent.destroy();
      return { answers, failures, versions };
    },
  };
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += String(chunk);
      });
      response.on("end", () => resolve(body));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}
