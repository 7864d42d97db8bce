// Starts a rollout and shows it until it has ended.
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import type { ShownRollout } from "@stoa/control";
import type { TagQuery } from "@stoa/deployment";
import { interruptedExitCode } from "../commands/interruption.ts";
import { type ControlClient, isOutage } from "./control-client.ts";
import { failureLines, shownNote } from "./rollout-failure.ts";
import { marked, say } from "./terminal.ts";

/** What is asked for. */
export interface RolloutWish {
  readonly environment: string;
  readonly service: string;
  readonly revision: string;
  readonly kind?: "deploy" | "rollback";
  /** The environment that it is promoted from. */
  readonly from?: string;
  readonly strategy?: string;
  readonly reason?: string;
  readonly selector?: TagQuery | undefined;
  readonly rollBack?: boolean;
  readonly bakeMs?: number;
  readonly deadlineMs?: number;
}

/** A rollout that was begun, or the one that had done it before. */
export interface StartedRollout {
  readonly rollout: ShownRollout;
  readonly unchanged: boolean;
}

/** How a rollout ended, and where its service is found. */
export interface ShownOutcome {
  readonly rollout: ShownRollout;
  readonly url: string | undefined;
}

/** How often a lost control plane is asked again, in milliseconds, before it is given up. */
const patience = [200, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000] as const;

/** Asks for a rollout. */
export async function startRollout(
  client: ControlClient,
  { environment, service, ...wish }: RolloutWish,
): Promise<StartedRollout> {
  const path = `/environments/${encodeURIComponent(environment)}/services/${encodeURIComponent(service)}/rollouts`;
  return await client.post<StartedRollout>(path, wish);
}

/** Shows what happens until the rollout has ended; a control plane that is restarted meanwhile is found again. */
export async function followRollout(
  client: ControlClient,
  { rollout: begun, unchanged }: StartedRollout,
): Promise<ShownOutcome> {
  if (unchanged) say(`${begun.service} ${begun.version} is what ${begun.environment} runs already`);
  const rollout = unchanged || hasEnded(begun) ? begun : await followToEnd(client, begun);
  if (rollout.state !== "succeeded") for (const line of failureLines(rollout)) say(line);
  return { rollout, url: await urlOf(client, rollout) };
}

/** Whether nothing happens with it any more. */
export function hasEnded({ endedAt }: ShownRollout): boolean {
  return endedAt !== undefined;
}

async function followToEnd(client: ControlClient, begun: ShownRollout): Promise<ShownRollout> {
  using _ = whileWatching(begun);
  let last = begun;
  let shown = 0;
  for await (const rollout of statesOf(client, begun.id)) {
    for (const note of rollout.notes.slice(shown)) {
      const text = shownNote(note, rollout);
      if (text !== undefined) say(note.machine === undefined ? marked(text, "bold") : text);
    }
    shown = rollout.notes.length;
    last = rollout;
    if (hasEnded(rollout)) break;
  }
  return last;
}

/** Whoever is interrupted while looking on is told that the rollout goes on, and how to end it. */
function whileWatching({ id, service, environment }: ShownRollout): Disposable {
  const leave = (): void => {
    say(
      `the rollout goes on without you: stoa watch ${id} shows it, stoa cancel ${service} -e ${environment} ends it`,
    );
    process.exit(interruptedExitCode);
  };
  process.once("SIGINT", leave);
  return { [Symbol.dispose]: () => process.off("SIGINT", leave) };
}

/** The rollout again and again, as it changes. Throws when the control plane stays away. */
async function* statesOf(client: ControlClient, id: string): AsyncGenerator<ShownRollout> {
  for (let tries = 0; ; tries += 1) {
    try {
      for await (const { event, data } of client.events(`/rollouts/${id}/events`)) {
        if (event !== "rollout") continue;
        tries = 0;
        yield data as ShownRollout;
      }
    } catch (failure) {
      if (!isOutage(failure) || tries >= patience.length) throw failure;
    }
    await wait(patience[Math.min(tries, patience.length - 1)]);
  }
}

async function urlOf(client: ControlClient, rollout: ShownRollout): Promise<string | undefined> {
  const { services } = await client.get<{
    services: readonly { service: string; environment: string; url?: string }[];
  }>("/services");
  return services.find(
    ({ service, environment }) =>
      service === rollout.service && environment === rollout.environment,
  )?.url;
}
