// The agent, put together.
import { join } from "node:path";
import { parseBucketUrl } from "@stoa/blobs";
import { type Architecture, type SecretKey, sealEnvelope } from "@stoa/deployment";
import { bucketSource } from "./adapters/bucket-source/bucket-source.ts";
import { folderSource } from "./adapters/folder-source/folder-source.ts";
import { httpSource } from "./adapters/http-source/http-source.ts";
import { wakeStream } from "./adapters/http-source/wake-stream.ts";
import { linuxPermissions } from "./adapters/linux/linux-permissions.ts";
import { linuxProbe } from "./adapters/linux/linux-probe.ts";
import { linuxScripts } from "./adapters/linux/linux-scripts.ts";
import { nodeClock, nodeRandom } from "./adapters/node-clock/node-clock.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import { reservedDisk } from "./adapters/node-disk/reserved-disk.ts";
import { ConvergingService } from "./application/converge-service.ts";
import { Decisions } from "./application/decisions.ts";
import { FollowedPolicy, type PolicyParts } from "./application/follow-policy.ts";
import {
  KeptSettingsKeys,
  openingScripts,
  openingSupervisor,
} from "./application/open-settings.ts";
import { Documents, revisionPathIn } from "./application/read-documents.ts";
import { Agent } from "./application/run-agent.ts";
import { LogShipping } from "./application/ship-logs.ts";
import type { Disk } from "./domain/disk.ts";
import type { DocumentSource, LogSink, StatusSink } from "./domain/document-source.ts";
import type { Enrolment, SourcePlace } from "./domain/enrolment.ts";
import { type Failpoint, noFailpoint } from "./domain/failpoint.ts";
import { type Layout, layoutOf, serviceLayoutOf } from "./domain/layout.ts";
import { openSupervisor, type Supervision } from "./supervision.ts";

/** What an agent is told. */
export interface AgentSettings extends Enrolment {
  readonly root: string;
  readonly arch: Architecture;
  /** Signs what the machine reports. */
  readonly machineKey: SecretKey;
  /** Who runs the processes; a keeper that somebody else starts unless said otherwise. */
  readonly supervision?: Supervision;
  readonly version: string;
  /** Is told every decision. */
  readonly decided: (sentence: string) => void;
  /** What takes the place of `/` where an appspec says where files go; `/` unless said otherwise. */
  readonly targetRoot?: string;
  /** Whether lifecycles keep to CodeDeploy, its traps included. */
  readonly strict?: boolean;
  readonly failpoint?: Failpoint;
  /** How often it is looked whether everything is as it should be; 5 s unless said otherwise. */
  readonly repairMs?: number;
  /** In which credentials for a bucket are found. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

const usualRepairMs = 5_000;

/** Makes an agent; `run` starts it. */
export function openAgent(settings: AgentSettings): Agent {
  const { source: from, environment, arch, tags, supervision = { kind: "keeper" } } = settings;
  const layout = layoutOf(settings.root);
  const machine = { name: settings.machine, tags, arch, environment };
  const disk = reservedDisk(nodeDisk, layout.reservePath);
  const plane = from.kind === "http" ? httpSource(from) : undefined;
  const source = plane ?? sourceAt(from, settings.variables);
  const decisions = new Decisions(nodeClock, settings.decided);
  const note = (sentence: string): void => decisions.add(sentence);
  const { policy, documents } = documentsOf(settings, layout, { machine, source, disk, note });
  const keysPath = layout.settingsKeysPath;
  const opening = new KeptSettingsKeys({ environment, disk, keysPath, source: plane });
  const around = {
    machine,
    source,
    failpoint: settings.failpoint ?? noFailpoint,
    permissions: linuxPermissions,
    settings: opening,
    targetRoot: settings.targetRoot ?? "/",
    strict: settings.strict ?? false,
    disk,
    clock: nodeClock,
    probe: linuxProbe,
    supervisor: openingSupervisor(openSupervisor(layout, supervision, note), opening),
    blobsFolder: layout.blobsFolder,
    note,
  };
  return new Agent({
    machine,
    documents,
    decisions,
    version: settings.version,
    clock: nodeClock,
    random: nodeRandom,
    disk,
    sinks: [source],
    wakes: from.kind === "http" ? [wakeStream(from)] : [],
    shipping: plane && shippingTo(plane, layout, disk, machine.name),
    statusPath: layout.statusPath,
    pollMs: settings.pollMs,
    repairMs: settings.repairMs ?? usualRepairMs,
    knownServices: () => disk.names(join(layout.servicesFolder)),
    serviceOf: (service) => {
      const scripts = openingScripts(linuxScripts, service, opening);
      const parts = { ...around, service, scripts, layout: serviceLayoutOf(layout, service) };
      return new ConvergingService(
        parts,
        (id, signal) => documents.revision(service, id, signal),
        (wanted, signal) => policy.admit(service, wanted, signal),
      );
    },
    seal: (status) => sealEnvelope("status", status, settings.machineKey),
  });
}

/** What the machine obeys: the documents of its environment, and the policy above them. */
function documentsOf(
  { keys, threshold, policyKeys }: AgentSettings,
  { policyPath, indexPath, servicesFolder }: Layout,
  read: Pick<PolicyParts, "machine" | "source" | "disk" | "note">,
): { readonly policy: FollowedPolicy; readonly documents: Documents } {
  const believed = { ...read, clock: nodeClock, trust: { keys, threshold, policyKeys } };
  const policy = new FollowedPolicy({ ...believed, policyPath });
  const revisionPath = revisionPathIn(servicesFolder);
  return { policy, documents: new Documents({ ...believed, policy, indexPath, revisionPath }) };
}

function shippingTo(
  sink: LogSink,
  { logPlacesPath: placesPath }: Layout,
  disk: Disk,
  machine: string,
): LogShipping {
  return new LogShipping({ sink, disk, clock: nodeClock, machine, placesPath });
}

function sourceAt(
  from: SourcePlace,
  variables: AgentSettings["variables"] = {},
): DocumentSource & StatusSink {
  switch (from.kind) {
    case "folder":
      return folderSource(from.path, nodeDisk);
    case "bucket":
      return bucketSource(from.url, parseBucketUrl(from.url, variables));
    case "http":
      return httpSource(from);
  }
}
