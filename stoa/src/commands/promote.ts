// stoa promote: what one environment runs goes to another, the very same bytes.
import { differenceOf, parseTagQuery, type Revision, shortId } from "@stoa/deployment";
import { type ClearanceOptions, clear } from "../delivery/clearance.ts";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { followRollout, startRollout } from "../delivery/rollout-progress.ts";
import { give, giveJson, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";
import { showDifference } from "./diff.ts";
import { showEnd } from "./steer.ts";

/** What the command line says. */
export interface PromoteOptions extends ClearanceOptions {
  readonly from: string;
  readonly to: string;
  readonly tags?: string;
  readonly strategy?: string;
  readonly reason?: string;
  readonly bake?: number;
  readonly rollback: boolean;
  readonly detach?: boolean;
  readonly json?: boolean;
}

interface Kept {
  readonly id: string;
  readonly revision: Revision;
}

/**
 * Promotes the revision that `from` runs. Nothing is built or uploaded. Throws a sentence if `from` does not run it everywhere, or if
 * `to` does not run it in the end.
 */
export async function promote(
  place: CommandPlace,
  service: string,
  options: PromoteOptions,
): Promise<void> {
  const { from, to, tags, strategy, reason = "", bake, rollback } = options;
  if (from === to)
    throw new Error(`${service} comes from ${from}: name another environment with --to`);
  const client = new ControlClient(await readLogin(place.environment));
  const { services } = await client.get<{
    services: readonly { service: string; environment: string; revision: string }[];
  }>("/services");
  const at = (environment: string): Promise<Kept | undefined> => {
    const found = services.find(
      (one) => one.service === service && one.environment === environment,
    );
    return found === undefined
      ? Promise.resolve(undefined)
      : client.get<Kept>(`/services/${encodeURIComponent(service)}/revisions/${found.revision}`);
  };
  const [kept, present] = [await at(from), await at(to)];
  if (kept === undefined) {
    throw new Error(`${service} does not run in ${from}; stoa list shows what runs where`);
  }
  say(`${service} ${kept.revision.version} (${shortId(kept.id)}) goes from ${from} to ${to}`);
  if (present !== undefined) showDifference(differenceOf(present.revision, kept.revision), say);
  await tellMissingSettings(client, service, { from, to });
  await clear(client, place.folder, { environment: to, service, revision: kept.id }, options);
  const started = await startRollout(client, {
    environment: to,
    service,
    revision: kept.id,
    from,
    reason,
    rollBack: rollback,
    selector: tags === undefined ? undefined : parseTagQuery(tags),
    ...(strategy === undefined ? {} : { strategy }),
    ...(bake === undefined ? {} : { bakeMs: bake * 1000 }),
  });
  if (options.detach !== true) {
    showEnd(await followRollout(client, started), options.json === true);
    return;
  }
  if (options.json === true) giveJson(started.rollout);
  else give(started.rollout.id);
}

/** Settings belong to an environment and are not promoted: what the other one does not have is probably forgotten. */
async function tellMissingSettings(
  client: ControlClient,
  service: string,
  { from, to }: Pick<PromoteOptions, "from" | "to">,
): Promise<void> {
  const [there, here] = await Promise.all(
    [from, to].map((environment) =>
      client.get<{ names: readonly string[] }>(
        `/environments/${encodeURIComponent(environment)}/services/${encodeURIComponent(service)}/settings`,
      ),
    ),
  );
  const missing = (there?.names ?? []).filter((name) => here?.names.includes(name) !== true);
  if (missing.length > 0) say(`${to} has no setting ${missing.join(", ")}, which ${from} has`);
}
