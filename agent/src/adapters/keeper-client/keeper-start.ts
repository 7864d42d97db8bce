// A supervisor that starts the keeper where none answers.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Supervisor } from "../../domain/supervisor.ts";

/** How a keeper is started. */
export interface KeeperCommand {
  readonly words: readonly [program: string, ...args: string[]];
  readonly log: string;
}

const startWithinMs = 10_000;
const lookAgainMs = 25;

/**
 * The same supervisor; where it cannot be reached, the keeper is started and asked again. It is started so that it outlives
 * whoever starts it.
 */
export function startingKeeper(
  client: Supervisor,
  command: KeeperCommand,
  noted: (sentence: string) => void,
): Supervisor {
  let starting: Promise<void> | undefined;
  const start = async (): Promise<void> => {
    noted("no keeper answers and one is being started");
    spawnDetached(command);
    const deadline = performance.now() + startWithinMs;
    while (!(await answers(client))) {
      if (performance.now() > deadline) {
        throw new AgentFailure(
          "keeper_unreachable",
          `the keeper did not start; its words are in ${command.log}`,
        );
      }
      await sleep(lookAgainMs);
    }
  };
  const tried = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (failure) {
      if (!(failure instanceof AgentFailure) || failure.code !== "keeper_unreachable")
        throw failure;
      starting ??= start().finally(() => {
        starting = undefined;
      });
      await starting;
      return await action();
    }
  };
  return {
    views: () => tried(() => client.views()),
    launch: (service, launch) => tried(() => client.launch(service, launch)),
    wait: (service, id, until, waitMs) => tried(() => client.wait(service, id, until, waitMs)),
    keep: (service, id) => tried(() => client.keep(service, id)),
    stop: (service, id, how) => tried(() => client.stop(service, id, how)),
    closeSockets: (service, but) => tried(() => client.closeSockets(service, but)),
    restore: (service) => client.restore(service),
    followsSuccession: client.followsSuccession,
    boundsChildren: client.boundsChildren,
  };
}

async function answers(client: Supervisor): Promise<boolean> {
  try {
    await client.views();
    return true;
  } catch {
    return false;
  }
}

function spawnDetached({ words: [program, ...args], log }: KeeperCommand): void {
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  const descriptor = openSync(log, "a", 0o600);
  const child = spawn(program, args, {
    detached: true,
    cwd: "/",
    stdio: ["ignore", descriptor, descriptor],
  });
  child.once("error", () => undefined);
  child.unref();
  closeSync(descriptor);
}
