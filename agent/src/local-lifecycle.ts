// The lifecycle of a bundle on this very machine, without a control plane: what codedeploy-local does.
import { createHash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import {
  chosenEvents,
  type FileExistsBehavior,
  findAppspec,
  type LifecycleEvent,
  lifecycleOf,
} from "@stoa/deployment/appspec";
import { linuxPermissions } from "./adapters/linux/linux-permissions.ts";
import { linuxScripts } from "./adapters/linux/linux-scripts.ts";
import { nodeClock } from "./adapters/node-clock/node-clock.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import { type Bundle, type InstallParts, installedRecord } from "./application/install-bundle.ts";
import { openBundle } from "./application/open-bundle.ts";
import { type EventOutcome, runLifecycle } from "./application/run-lifecycle.ts";
import { AgentFailure } from "./domain/agent-failure.ts";

/** What is run, and as what. */
export interface LocalDeployment {
  /** The files of the bundle, and where the content of each lies. They are known to be harmless. */
  readonly files: readonly (Bundle["files"][number] & { readonly place: string })[];
  /** Where bundles and what was installed are remembered. */
  readonly root: string;
  readonly targetRoot: string;
  readonly application: string;
  readonly group: string;
  readonly groupId: string;
  /** Which events, in their order; all of them unless said otherwise. */
  readonly events: readonly LifecycleEvent[] | undefined;
  readonly appspecName: string | undefined;
  readonly behavior: FileExistsBehavior;
  readonly strict: boolean;
  /** Is told what begins, and what went on in spite of something. */
  readonly said: (sentence: string) => void;
}

/** What came of it. */
export interface LocalOutcome {
  readonly deployment: string;
  readonly events: readonly EventOutcome[];
  readonly scriptsLog: string;
}

/** Runs the lifecycle. Fails with a sentence where it cannot begin; what events came to is in the outcome. */
export async function runLocally(order: LocalDeployment): Promise<LocalOutcome> {
  const events = eventsOf(order);
  const group = join(
    order.root,
    createHash("sha256").update(order.groupId).digest("hex").slice(0, 12),
  );
  const deployment = `d-${Date.now().toString(36).toUpperCase()}-local`;
  const scriptsLog = join(group, deployment, "logs", "scripts.log");
  const install: InstallParts = {
    disk: nodeDisk,
    permissions: linuxPermissions,
    statePath: join(group, "installed"),
    targetRoot: order.targetRoot,
    reached: async () => undefined,
  };
  const old = await oldBundle(group, install);
  const bundle = await unpack(order, group, deployment);
  const { application, groupId, behavior, strict, said } = order;
  const outcomes = await runLifecycle(
    {
      install,
      scriptsLog,
      scripts: linuxScripts,
      disk: nodeDisk,
      clock: nodeClock,
      step: (event) => said(event),
      begins: async () => undefined,
      note: said,
    },
    {
      events,
      bundle,
      old,
      behavior,
      strict,
      settings: {},
      facts: { deployment, application, group: order.group, groupId },
    },
  );
  return { deployment, events: outcomes, scriptsLog };
}

function eventsOf({ events }: LocalDeployment): readonly LifecycleEvent[] {
  if (events === undefined) return lifecycleOf({ hasTraffic: true });
  const chosen = chosenEvents(events);
  if (typeof chosen !== "string") return chosen;
  throw new AgentFailure("bad_request", `these events cannot be run: ${chosen}`);
}

/** Lays the bundle out as the agent would. */
async function unpack(
  { files, appspecName }: LocalDeployment,
  group: string,
  deployment: string,
): Promise<Bundle> {
  const folder = join(group, deployment, "deployment-archive");
  for (const { path, mode, place } of files) {
    await nodeDisk.makeFolder(dirname(join(folder, path)));
    await nodeDisk.create(join(folder, path), nodeDisk.chunks(place), mode);
  }
  return await bundleIn(folder, deployment, appspecName);
}

async function bundleIn(folder: string, id: string, given: string | undefined): Promise<Bundle> {
  const files = await filesIn(folder);
  const paths = files.map(({ path }) => path);
  const name = findAppspec(paths, given) ?? given ?? "appspec.yml";
  return await openBundle(nodeDisk, { id, folder, files, appspecName: name });
}

/** The bundle that was installed last; its folder is named by the deployment. */
async function oldBundle(group: string, install: InstallParts): Promise<Bundle | undefined> {
  const { bundle } = await installedRecord(install);
  if (bundle === "") return undefined;
  const folder = join(group, bundle, "deployment-archive");
  if ((await nodeDisk.look(folder)) === undefined) return undefined;
  return await bundleIn(folder, bundle, undefined);
}

async function filesIn(folder: string): Promise<Bundle["files"]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  return await Promise.all(
    paths.map(async (path) => {
      const { mode, size } = await lstat(join(folder, path));
      return { path, mode: mode & 0o777, size };
    }),
  );
}
