// stoa deploy: builds, describes, uploads what is missing, rolls out, and says how it went.
import { resolve } from "node:path";
import { isBucketUrl } from "@stoa/blobs";
import {
  type Architecture,
  formatTagQuery,
  isLabel,
  parseStrategy,
  parseTagQuery,
  revisionId,
  shortId,
  type TagQuery,
} from "@stoa/deployment";
import { openDrop } from "../building/bundle-drop.ts";
import {
  type MadeRevision,
  revisionOfFile,
  revisionOfSources,
} from "../building/revision-source.ts";
import { limitWarnings, readServiceFile, type ServiceFile } from "../building/service-file.ts";
import type { Environment } from "../config/load-config.ts";
import { type ClearanceOptions, clear } from "../delivery/clearance.ts";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { failureSentence } from "../delivery/rollout-failure.ts";
import {
  followRollout,
  type RolloutWish,
  type ShownOutcome,
  startRollout,
} from "../delivery/rollout-progress.ts";
import { give, giveJson, marked, say } from "../delivery/terminal.ts";
import { uploadRevision } from "../delivery/upload.ts";
import { interruption } from "./interruption.ts";

/** What the command line says. */
export interface DeployOptions extends ClearanceOptions {
  readonly service?: string;
  readonly environment?: string;
  readonly tags?: string;
  readonly main?: string;
  readonly label?: string;
  readonly strategy?: string;
  readonly reason?: string;
  readonly detach?: boolean;
  readonly follow?: boolean;
  readonly every: number;
  readonly rollback: boolean;
  readonly bake?: number;
  readonly patience?: number;
  readonly json?: boolean;
}

/** Where a command runs. */
export interface CommandPlace {
  readonly environment: Environment;
  readonly folder: string;
}

/**
 * Deploys the Go program of the folder, or what `given` names: a program, a zip, tar, tar.gz or deb, a folder, or the URL of
 * one of these in a bucket. Throws a sentence if the service does not run it in the end.
 */
export async function deploy(
  place: CommandPlace,
  given: string | undefined,
  options: DeployOptions,
): Promise<void> {
  const once = (bundle: string | undefined): Promise<void> => deployOnce(place, bundle, options);
  if (options.follow === true) {
    if (given === undefined) {
      throw new Error("--follow needs what is followed: stoa deploy s3://BUCKET/shop.deb --follow");
    }
    await readLogin(place.environment);
    const { followDrop } = await import("./follow-drop.ts");
    await using drop = await openDrop(given, place.folder, place.environment);
    const everyMs = options.every * 1000;
    await followDrop(drop, { everyMs, deploy: once, signal: interruption() });
  } else if (given !== undefined && isBucketUrl(given)) {
    const { deployDrop } = await import("./follow-drop.ts");
    await using drop = await openDrop(given, place.folder, place.environment);
    await deployDrop(drop, once);
  } else {
    await once(given);
  }
}

async function deployOnce(
  place: CommandPlace,
  given: string | undefined,
  options: DeployOptions,
): Promise<void> {
  const began = performance.now();
  const client = new ControlClient(await readLogin(place.environment));
  const file = await readServiceFile(place.folder);
  for (const warning of limitWarnings(file)) say(`stoa.toml: ${warning}`);
  const environment = options.environment ?? file.environment ?? "production";
  checkWords(environment, options);
  const selector = selectorOf(options, file);
  const arch = await targetArchitecture(client, environment, selector);
  await using made = await madeRevision(place, given, options, { client, file, arch });
  const { revision, contents } = made;
  const { service, version } = revision;
  const id = revisionId(revision);
  say(`${marked(service, "bold")} ${version} is revision ${shortId(id)}`);
  await uploadRevision(client, { id, revision, contents });
  await clear(client, place.folder, { environment, service, revision: id }, options);
  const started = await startRollout(client, {
    environment,
    service,
    revision: id,
    selector,
    kind: "deploy",
    ...rulesOf(options, file),
    reason: options.reason ?? "",
  });
  if (options.detach === true) {
    if (options.json === true) giveJson(started.rollout);
    else give(started.rollout.id);
    return;
  }
  const outcome = await followRollout(client, started);
  report(outcome, { json: options.json === true, ms: performance.now() - began });
}

async function madeRevision(
  place: CommandPlace,
  given: string | undefined,
  { service, label, main }: DeployOptions,
  { client, file, arch }: { client: ControlClient; file: ServiceFile; arch: Architecture },
): Promise<MadeRevision> {
  const { goproxyPath } = await client.get<{ goproxyPath: string }>("/server");
  const goproxy = `${client.server}${goproxyPath}`;
  const { folder, environment: env } = place;
  const order = { folder, env, file, arch, goproxy, service, label, main };
  if (given === undefined) return await revisionOfSources(order);
  return await revisionOfFile(resolve(folder, given), order);
}

/** What can be refused without asking anybody is refused before anything is built. Throws a sentence. */
function checkWords(environment: string, { service, strategy }: DeployOptions): void {
  for (const [option, name] of [
    ["--environment", environment],
    ["--service", service],
  ] as const) {
    if (name === undefined || isLabel(name)) continue;
    throw new Error(
      `${option} ${JSON.stringify(name)}: it must be of a-z, 0-9 and -, such as shop-1`,
    );
  }
  if (strategy !== undefined) parseStrategy(strategy);
}

function rulesOf(
  { strategy: said, rollback, bake, patience }: DeployOptions,
  file: ServiceFile,
): Pick<RolloutWish, "strategy" | "rollBack" | "bakeMs" | "deadlineMs"> {
  const strategy = said ?? file.strategy;
  const bakeMs = bake === undefined ? file.bake : bake * 1000;
  return {
    rollBack: rollback,
    ...(strategy === undefined ? {} : { strategy }),
    ...(bakeMs === undefined ? {} : { bakeMs }),
    ...(patience === undefined ? {} : { deadlineMs: patience * 1000 }),
  };
}

function selectorOf({ tags }: DeployOptions, { machines }: ServiceFile): TagQuery | undefined {
  if (tags !== undefined) return parseTagQuery(tags);
  const groups = Object.entries(machines).map(([key, values]) =>
    [values].flat().map((value) => ({ key, value })),
  );
  return groups.length === 0 ? undefined : groups;
}

/** The one architecture of the group's machines. */
async function targetArchitecture(
  client: ControlClient,
  environment: string,
  selector: TagQuery | undefined,
): Promise<Architecture> {
  const tags = encodeURIComponent(formatTagQuery(selector ?? []));
  const { machines } = await client.get<{
    machines: readonly { machine: string; os: string; arch: Architecture }[];
  }>(`/environments/${environment}/target?tags=${tags}`);
  const [first, ...others] = machines;
  if (first === undefined) throw new Error(`no machine has joined ${environment}`);
  const odd = others.find(({ arch }) => arch !== first.arch);
  if (odd === undefined) return first.arch;
  throw new Error(
    `${first.machine} is ${first.os}/${first.arch} and ${odd.machine} is ${odd.os}/${odd.arch}: one build cannot serve both; choose machines of one kind with --tags`,
  );
}

function report(
  { rollout, url }: ShownOutcome,
  { json, ms }: { readonly json: boolean; readonly ms: number },
): void {
  const { id, service, environment, version, revision, state } = rollout;
  if (json)
    giveJson({
      service,
      environment,
      version,
      revision,
      rollout: id,
      state,
      url,
      ms: Math.round(ms),
    });
  if (state !== "succeeded") throw new Error(failureSentence(rollout));
  const machines = Object.keys(rollout.machines).length;
  const where = machines === 1 ? "1 machine" : `${machines} machines`;
  say(
    `${marked("✓", "green")} ${service} ${version} runs on ${where} of ${environment} (${(ms / 1000).toFixed(1)} s)`,
  );
  if (!json && url !== undefined) give(url);
}
