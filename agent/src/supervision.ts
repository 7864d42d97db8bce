// Who runs the processes of a machine's services: systemd where it is in charge, else the keeper.
import { keeperClient } from "./adapters/keeper-client/keeper-client.ts";
import { startingKeeper } from "./adapters/keeper-client/keeper-start.ts";
import { linuxProbe } from "./adapters/linux/linux-probe.ts";
import { logFiles } from "./adapters/linux/log-files.ts";
import { catches, executingInUnit, signalProcess } from "./adapters/linux/process-family.ts";
import { nodeClock } from "./adapters/node-clock/node-clock.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import { runCommand, systemdVersion } from "./adapters/systemd/systemctl.ts";
import { SystemdSupervisor } from "./adapters/systemd/systemd-supervisor.ts";
import { AgentFailure } from "./domain/agent-failure.ts";
import { parseKeeperRecord } from "./domain/keeper-record.ts";
import { type Layout, layoutOf } from "./domain/layout.ts";
import type { Supervisor } from "./domain/supervisor.ts";
import { parseSystemdRecord } from "./domain/systemd-record.ts";

/** Who runs processes, and what has to be known of it. */
export type Supervision =
  | { readonly kind: "systemd"; readonly version: number }
  | {
      readonly kind: "keeper";
      /** How one is started where none answers; absent where somebody else sees to that. */
      readonly words?: readonly [program: string, ...args: string[]];
    };

/**
 * What is asked for; else whoever runs processes here already; else systemd where it can be had, and the keeper where not.
 * Fails with `conflict` where the other one has processes: two would fight over them.
 */
export async function chooseSupervision(
  root: string,
  asked?: Supervision["kind"],
): Promise<Supervision> {
  const layout = layoutOf(root);
  const present = await presentKind(layout);
  const version = await systemdVersion();
  const kind = asked ?? present ?? (version === undefined ? "keeper" : "systemd");
  if (present !== undefined && present !== kind) {
    throw new AgentFailure(
      "conflict",
      `the services of this machine are run by ${present === "keeper" ? "the keeper" : "systemd"}: take them away from it (assign it none), and then change over`,
    );
  }
  if (kind === "keeper") return { kind };
  if (version !== undefined) return { kind, version };
  throw new AgentFailure(
    "conflict",
    "systemd is not in charge of this machine, or it is older than 244, or the agent is not root: run the agent with --supervisor keeper",
  );
}

/** The supervisor. `noted` is told what it does by itself. */
export function openSupervisor(
  layout: Layout,
  supervision: Supervision,
  noted: (sentence: string) => void,
): Supervisor {
  if (supervision.kind === "systemd") {
    return new SystemdSupervisor({
      disk: nodeDisk,
      clock: nodeClock,
      run: runCommand,
      logs: logFiles,
      version: supervision.version,
      recordPath: layout.systemdRecord,
      environmentFolder: layout.systemdEnvironments,
      processes: { executing: executingInUnit, catches, signal: signalProcess },
      freePort: () => linuxProbe.freePort(),
    });
  }
  const client = keeperClient(layout.keeperSocket);
  const { words } = supervision;
  return words === undefined
    ? client
    : startingKeeper(client, { words, log: layout.keeperLog }, noted);
}

async function presentKind(layout: Layout): Promise<Supervision["kind"] | undefined> {
  const [keeper, systemd] = await Promise.all([
    nodeDisk.read(layout.keeperRecord),
    nodeDisk.read(layout.systemdRecord),
  ]);
  if (keeper !== undefined && parseKeeperRecord(Buffer.from(keeper).toString()).length > 0)
    return "keeper";
  if (systemd === undefined) return undefined;
  const { units } = parseSystemdRecord(Buffer.from(systemd).toString(), layout.systemdRecord);
  return units.length > 0 ? "systemd" : undefined;
}
