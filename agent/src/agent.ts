// The agent, put together.
import { join } from "node:path";
import { type Architecture, type PublicKey, type SecretKey, sealEnvelope, type Tags } from "@stoa/deployment";
import { folderSource } from "./adapters/folder-source/folder-source.ts";
import { httpSource } from "./adapters/http-source/http-source.ts";
import { keeperClient } from "./adapters/keeper-client/keeper-client.ts";
import { linuxProbe } from "./adapters/linux/linux-probe.ts";
import { nodeClock, nodeRandom } from "./adapters/node-clock/node-clock.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import { ConvergingService } from "./application/converge-service.ts";
import { Decisions } from "./application/decisions.ts";
import { Documents, revisionPathIn } from "./application/read-documents.ts";
import { Agent } from "./application/run-agent.ts";
import { type Failpoint, noFailpoint } from "./domain/failpoint.ts";
import { layoutOf, serviceLayoutOf } from "./domain/layout.ts";

/** What an agent is told. */
export interface AgentSettings {
  readonly root: string;
  readonly machine: string;
  readonly tags: Tags;
  readonly arch: Architecture;
  readonly environment: string;
  /** Whose signatures count, and how many of them it takes. */
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
  /** Signs what the machine reports. */
  readonly machineKey: SecretKey;
  readonly source:
    | { readonly kind: "folder"; readonly path: string }
    | { readonly kind: "http"; readonly url: string; readonly machineToken: string | undefined };
  readonly pollMs: number;
  readonly version: string;
  /** Is told every decision. */
  readonly decided: (sentence: string) => void;
  readonly failpoint?: Failpoint;
}

/** Makes an agent; `run` starts it. */
export function openAgent(settings: AgentSettings): Agent {
  const { root, source: from, environment, arch, tags, failpoint = noFailpoint } = settings;
  const layout = layoutOf(root);
  const machine = { name: settings.machine, tags, arch, environment };
  const source = from.kind === "folder" ? folderSource(from.path, nodeDisk) : httpSource(from);
  const decisions = new Decisions(nodeClock, settings.decided);
  const documents = new Documents({
    source,
    disk: nodeDisk,
    clock: nodeClock,
    machine,
    trust: { keys: settings.keys, threshold: settings.threshold },
    indexPath: layout.indexPath,
    revisionPath: revisionPathIn(layout.servicesFolder),
  });
  const around = {
    machine,
    source,
    failpoint,
    disk: nodeDisk,
    clock: nodeClock,
    probe: linuxProbe,
    supervisor: keeperClient(layout.keeperSocket),
    blobsFolder: layout.blobsFolder,
    note: (sentence: string) => decisions.add(sentence),
  };
  return new Agent({
    machine,
    documents,
    decisions,
    version: settings.version,
    clock: nodeClock,
    random: nodeRandom,
    disk: nodeDisk,
    sinks: [source],
    statusPath: layout.statusPath,
    pollMs: settings.pollMs,
    knownServices: () => nodeDisk.names(join(layout.servicesFolder)),
    serviceOf: (service) =>
      new ConvergingService(
        { ...around, service, layout: serviceLayoutOf(layout, service) },
        (id, signal) => documents.revision(service, id, signal),
      ),
    seal: (status) => sealEnvelope("status", status, settings.machineKey),
  });
}
