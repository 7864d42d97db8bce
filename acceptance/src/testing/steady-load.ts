// Clients that never rest, each of which asks again as soon as it is answered. None of them tries a request twice.
import { Agent, get } from "node:http";

/** A load on a service; disposing of it ends it. */
export interface SteadyLoad extends AsyncDisposable {
  readonly answers: () => number;
  /** What answers began with, and how often. */
  readonly seen: () => ReadonlyMap<string, number>;
  /** Ends it; what failed, by its code, is what is left to say. */
  readonly end: () => Promise<readonly string[]>;
}

/** Begins a load; `seen` counts the first line of every answer. */
export function steadyLoad(
  url: string,
  { clients, keepAlive }: { readonly clients: number; readonly keepAlive: boolean },
): SteadyLoad {
  const agent = new Agent({ keepAlive, maxSockets: clients });
  const failures: string[] = [];
  const seen = new Map<string, number>();
  let answers = 0;
  let hasEnded = false;
  const client = async (): Promise<void> => {
    while (!hasEnded) {
      try {
        const [line = ""] = (await bodyOf(url, agent)).split("\n");
        seen.set(line, (seen.get(line) ?? 0) + 1);
        answers += 1;
      } catch (failure) {
        failures.push(String((failure as NodeJS.ErrnoException).code ?? failure));
      }
    }
  };
  const all = Array.from({ length: clients }, client);
  const end = async (): Promise<readonly string[]> => {
    hasEnded = true;
    await Promise.all(all);
    agent.destroy();
    return failures;
  };
  return {
    answers: () => answers,
    seen: () => seen,
    end,
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}

function bodyOf(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += String(chunk);
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode}`));
      });
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}
