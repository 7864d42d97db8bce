// stoa rollback | pause | resume | cancel
import type { ShownRollout } from "@stoa/control";
import { shortId } from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { failureSentence } from "../delivery/rollout-failure.ts";
import {
  followRollout,
  hasEnded,
  type ShownOutcome,
  startRollout,
} from "../delivery/rollout-progress.ts";
import { give, giveJson, marked, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What the command line says. */
export interface SteerOptions {
  readonly environment?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

/** What the command line says of the way back. */
export interface RollbackOptions extends SteerOptions {
  readonly to?: string;
  readonly strategy?: string;
}

/** Goes back to the revision before the present one, or to the one named. */
export async function rollback(
  place: CommandPlace,
  service: string,
  options: RollbackOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const environment = options.environment ?? "production";
  const revision = options.to ?? (await previousRevision(client, environment, service));
  say(`${service} goes back to revision ${shortId(revision)}`);
  const started = await startRollout(client, {
    environment,
    service,
    revision,
    kind: "rollback",
    ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
    reason: options.reason ?? "",
  });
  showEnd(await followRollout(client, started), options.json === true);
}

/** Shows a rollout until it has ended. */
export async function watch(
  place: CommandPlace,
  id: string,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const rollout = await client.get<ShownRollout>(`/rollouts/${encodeURIComponent(id)}`);
  showEnd(await followRollout(client, { rollout, unchanged: false }), json === true);
}

/** Shows how a rollout ended. Throws a sentence if the service does not run it. */
export function showEnd({ rollout, url }: ShownOutcome, json: boolean): void {
  const { service, version, environment } = rollout;
  if (json) giveJson(rollout);
  if (rollout.state !== "succeeded") throw new Error(failureSentence(rollout));
  say(`${marked("✓", "green")} ${service} ${version} runs in ${environment}`);
  if (!json && url !== undefined) give(url);
}

/** Pauses, resumes or cancels a rollout, named by its id or its service. */
export async function steer(
  place: CommandPlace,
  word: "pause" | "resume" | "cancel" | "abandon",
  name: string,
  { environment, reason = "", json }: SteerOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const id = await runningRollout(client, name, environment);
  const rollout = await client.post<ShownRollout>(`/rollouts/${id}/${word}`, { reason });
  if (json === true) giveJson(rollout);
  else say(`rollout ${id}: ${rollout.sentence}`);
}

async function readRollouts(
  client: ControlClient,
  filter: Readonly<Record<string, string>>,
): Promise<readonly ShownRollout[]> {
  const query = new URLSearchParams(filter);
  return (await client.get<{ rollouts: readonly ShownRollout[] }>(`/rollouts?${query}`)).rollouts;
}

/** The last revision that held before the one that holds now; of a service that was removed the last that held. */
async function previousRevision(
  client: ControlClient,
  environment: string,
  service: string,
): Promise<string> {
  const rollouts = await readRollouts(client, { environment, service, limit: "1000" });
  const [present, ...before] = rollouts.filter(({ state }) => state === "succeeded");
  if (rollouts[0]?.removed !== undefined && present !== undefined) return present.revision;
  const other = before.find(({ revision }) => revision !== present?.revision);
  if (present !== undefined && other !== undefined) return other.revision;
  throw new Error(
    `${service} has run nothing else in ${environment} to go back to; stoa history ${service} shows what there was`,
  );
}

async function runningRollout(
  client: ControlClient,
  name: string,
  environment: string | undefined,
): Promise<string> {
  const of = environment === undefined ? {} : { environment };
  const rollouts = await readRollouts(client, { service: name, ...of });
  if (rollouts.length === 0) return name;
  const [running, ...more] = rollouts.filter((rollout) => !hasEnded(rollout));
  if (running === undefined)
    throw new Error(`no rollout of ${name} runs; stoa history ${name} shows all`);
  if (more.length === 0) return running.id;
  throw new Error(`${name} is rolled out in several environments: say which with --environment`);
}
