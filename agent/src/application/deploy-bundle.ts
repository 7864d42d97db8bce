// Deploys a revision that brings an appspec: its own scripts stop, start and validate the service.
import { join } from "node:path";
import { type Revision, shortId } from "@stoa/deployment";
import { type LifecycleEvent, lifecycleOf } from "@stoa/deployment/appspec";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Target } from "../domain/service-journal.ts";
import { endOthers } from "./end-processes.ts";
import {
  type Bundle,
  checkPlan,
  type InstallParts,
  installedRecord,
  recoverInstall,
} from "./install-bundle.ts";
import type { JournalFile } from "./journal-file.ts";
import { openBundle } from "./open-bundle.ts";
import { type EventOutcome, type LifecycleParts, runLifecycle } from "./run-lifecycle.ts";
import type { ServiceParts } from "./service-parts.ts";

/** A release with an appspec, whose files are on the disk. */
export interface BundleOrder {
  readonly target: Target;
  readonly rollout: string;
  readonly serial: number;
  readonly revision: Revision;
  readonly settings: Readonly<Record<string, string>>;
  /** Reads a revision that was installed before. */
  readonly readRevision: (id: string) => Promise<Revision>;
  readonly signal: AbortSignal;
  step(name: string): void;
}

/** Runs the whole lifecycle. Fails with `failed_hook` in the sentence of the event that failed. */
export async function deployBundle(
  parts: ServiceParts,
  journal: JournalFile,
  order: BundleOrder,
): Promise<void> {
  const { target, serial, revision, settings } = order;
  const bundle = await bundleOf(parts, revision, target.release);
  checkPlan(bundle);
  await checkScripts(parts, bundle);
  const old = await oldBundle(parts, order.readRevision);
  order.signal.throwIfAborted();
  await begin(journal, order, "ApplicationStop");
  // A service that was run without scripts until now has none to end it with.
  await endOthers(parts, []);
  await parts.supervisor.closeSockets(parts.service, []);
  await journal.write({ addresses: [] });
  const outcomes = await run(parts, journal, order, {
    bundle,
    old,
    events: lifecycleOf({ hasTraffic: false }),
  });
  refuseFailed(outcomes);
  await parts.disk.point(parts.layout.current, `releases/${target.release}`);
  await journal.write({
    committed: {
      ...target,
      manner: "scripts",
      process: "",
      environment: settings,
      serial,
      atMs: parts.clock.nowMs(),
    },
    handOver: undefined,
    refused: undefined,
  });
}

/**
 * What is sure to fail is refused before the old revision is stopped: a script that is not there, and a user that is not
 * there although no script before could have made it.
 */
async function checkScripts({ permissions }: ServiceParts, bundle: Bundle): Promise<void> {
  const { hooks } = bundle.appspec;
  const scripts = lifecycleOf({ hasTraffic: false }).flatMap((event) =>
    (hooks.get(event) ?? []).map((script) => ({ event, script })),
  );
  const missing = scripts.find(
    ({ script }) => !bundle.files.some(({ path }) => path === script.location),
  );
  if (missing !== undefined) {
    throw new AgentFailure(
      "refused_revision",
      `${missing.event}: the bundle has no script ${missing.script.location}; nothing was touched`,
    );
  }
  // ApplicationStop of this bundle runs when the next one comes.
  const first = scripts.find(({ event }) => event !== "ApplicationStop");
  const user = first?.script.runas;
  if (first === undefined || user === undefined) return;
  const problem = await permissions.problemWith({ owner: user });
  if (problem === undefined) return;
  throw new AgentFailure(
    "refused_revision",
    `${first.event}: ${first.script.location}: ${problem}; nothing was touched`,
  );
}

/** Has the scripts of what was installed end it. */
export async function stopBundle(
  parts: ServiceParts,
  journal: JournalFile,
  order: Omit<BundleOrder, "target" | "rollout" | "serial" | "revision" | "signal">,
): Promise<void> {
  const { committed } = journal.now;
  const old = await oldBundle(parts, order.readRevision);
  if (committed === undefined || old === undefined) return;
  const revision = await order.readRevision(committed.release);
  const whole = {
    ...order,
    revision,
    target: committed,
    serial: committed.serial,
    rollout: "",
    signal: never,
  };
  await run(parts, journal, whole, { bundle: old, old, events: ["ApplicationStop"] });
}

/** Takes up a deployment that a crash has interrupted: its event has failed, and what was half installed is settled. */
export async function recoverBundle(parts: ServiceParts, journal: JournalFile): Promise<void> {
  const interrupted = journal.now.handOver;
  if (interrupted?.event === undefined) return;
  await recoverInstall(installPartsOf(parts));
  const sentence = `${parts.service} ${shortId(interrupted.to.release)}: ${interrupted.event}: the agent was restarted while it ran`;
  parts.note(sentence);
  await journal.write({
    handOver: undefined,
    refused: {
      ...interrupted.to,
      rollout: interrupted.rollout,
      sentence,
      lastLines: [],
      atMs: parts.clock.nowMs(),
    },
  });
}

const never = new AbortController().signal;

async function run(
  parts: ServiceParts,
  journal: JournalFile,
  order: BundleOrder,
  {
    bundle,
    old,
    events,
  }: {
    readonly bundle: Bundle;
    readonly old: Bundle | undefined;
    readonly events: readonly LifecycleEvent[];
  },
): Promise<readonly EventOutcome[]> {
  const { machine, service, strict } = parts;
  const lifecycle: LifecycleParts = {
    install: installPartsOf(parts),
    scripts: parts.scripts,
    disk: parts.disk,
    clock: parts.clock,
    scriptsLog: parts.layout.log,
    note: (sentence) => parts.note(`${service}: ${sentence}`),
    step: (event) => order.step(event),
    begins: async (event) => {
      if (event === "Install") await uncommit(journal);
      await begin(journal, order, event);
    },
  };
  return await runLifecycle(lifecycle, {
    facts: {
      deployment: order.rollout,
      application: service,
      group: machine.environment,
      groupId: machine.environment,
    },
    events,
    bundle,
    old,
    behavior: "DISALLOW",
    strict,
    settings: order.settings,
  });
}

async function begin(
  journal: JournalFile,
  { target, rollout }: BundleOrder,
  event: string,
): Promise<void> {
  await journal.write({ handOver: { phase: "begun", to: target, rollout, process: "", event } });
}

/** From the installation on the machine holds the new files: should they fail, the old revision is deployed anew. */
async function uncommit(journal: JournalFile): Promise<void> {
  const { committed } = journal.now;
  if (committed === undefined) return;
  const { release, settings } = committed;
  await journal.write({ committed: undefined, previous: { release, settings } });
}

function refuseFailed(outcomes: readonly EventOutcome[]): void {
  const failed = outcomes.find(
    ({ state }, at) => state === "Failed" && outcomes[at + 1]?.state !== "Succeeded",
  );
  if (failed !== undefined) throw new AgentFailure("failed_hook", failed.sentence);
}

/** The bundle whose files are on the machine; undefined where there is none, or where it is gone from the disk. */
async function oldBundle(
  parts: ServiceParts,
  readRevision: (id: string) => Promise<Revision>,
): Promise<Bundle | undefined> {
  const { bundle } = await installedRecord(installPartsOf(parts));
  if (bundle === "") return undefined;
  try {
    return await bundleOf(parts, await readRevision(bundle), bundle);
  } catch (failure) {
    if (parts.strict || !(failure instanceof AgentFailure)) throw failure;
    parts.note(
      `${parts.service}: the revision ${shortId(bundle)} that was installed before cannot be read (${failure.message}); its scripts are passed over`,
    );
    return undefined;
  }
}

async function bundleOf(parts: ServiceParts, revision: Revision, release: string): Promise<Bundle> {
  return await openBundle(parts.disk, {
    id: release,
    folder: join(parts.layout.releases, release),
    files: revision.files,
    appspecName: revision.appspec?.path ?? "appspec.yml",
  });
}

function installPartsOf({ disk, permissions, layout, targetRoot }: ServiceParts): InstallParts {
  return {
    disk,
    permissions,
    targetRoot,
    statePath: layout.installState,
    reached: async () => undefined,
  };
}
