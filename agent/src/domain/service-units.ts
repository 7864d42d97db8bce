// The systemd units of a service as text. Pure. Authorities: systemd.service(5), systemd.socket(5), systemd.exec(5),
// systemd.kill(5), systemd.syntax(7).
import type { Launch, SocketRequest } from "./launch.ts";
import { parseSocketAddress } from "./socket-address.ts";
import { environmentFileText, unitValue, unitWord } from "./unit-quoting.ts";

/** The place of a process: `a` and `b` take turns, `c` and so on while older ones still drain. `r` is for rehearsals. */
export type Slot = string;

/** Slots for processes that serve. */
export const servingSlots: readonly Slot[] = ["a", "b", "c", "d", "e", "f", "g", "h"];
export const rehearsalSlot: Slot = "r";

/** A process as its unit describes it. */
export interface UnitPlan {
  readonly service: string;
  readonly slot: Slot;
  readonly launch: Launch;
  /** Whether it is started again when it ends, and after the machine has started. */
  readonly kept: boolean;
  /** The socket units it inherits from, one for each of its sockets. Rehearsals have one for all. */
  readonly socketUnits?: readonly string[];
}

/** What units depend on besides. */
export interface UnitPlace {
  /** Of systemd: 252. */
  readonly version: number;
  /** Holds the environments of processes, for root alone: units can be read by everybody. */
  readonly environmentFolder: string;
}

/** `stoa-shop.a.service`. Neither services nor slots have dots in their names, so no two units are called alike. */
export function slotUnitName({ service, slot }: Pick<UnitPlan, "service" | "slot">): string {
  return `stoa-${service}.${slot}.service`;
}

/** The socket units of a process, in the order of its sockets. */
export function socketUnitNames({
  service,
  slot,
  launch,
  socketUnits = [],
}: Pick<UnitPlan, "service" | "slot" | "launch" | "socketUnits">): readonly string[] {
  if (launch.sockets.length === 0) return [];
  return slot === rehearsalSlot ? [`stoa-${service}.${slot}.socket`] : socketUnits;
}

/** The socket units of a service by number: `stoa-shop.socket`, `stoa-shop.2.socket` and so on. */
export function socketUnitNameAt(service: string, number: number): string {
  return number === 1 ? `stoa-${service}.socket` : `stoa-${service}.${number}.socket`;
}

/** What stands behind a socket; see `queueUnitText`. */
export function queueUnitName(socketUnit: string): string {
  return `stoa-queue@${socketUnit.slice("stoa-".length, -".socket".length)}.service`;
}

/** The file of all those. */
export const queueTemplateName = "stoa-queue@.service";

/** Where a process that says `READY_FD` writes it, below the folder of a running unit. */
export function readyFileOf({ service, slot }: Pick<UnitPlan, "service" | "slot">): string {
  return `/run/${runtimeFolder(service, slot)}/ready`;
}

/** Where systemd reads the number of a process that has taken the place of another (systemd.service(5), `PIDFile=`). */
export function pidFileOf({ service, slot }: Pick<UnitPlan, "service" | "slot">): string {
  return `/run/stoa-${service}.${slot}.pid`;
}

/** The file with the environment of a process. */
export function environmentFileOf(
  { environmentFolder }: UnitPlace,
  { service, slot }: Pick<UnitPlan, "service" | "slot">,
): string {
  return `${environmentFolder}/${service}.${slot}.env`;
}

/** Other shells may know descriptors of one digit only. */
export const bash = "/bin/bash";

const header =
  "# Written by stoa agent, which puts it back when it is edited. Add a drop-in instead.\n";
/** One digit: some shells know no more. Sockets come before it. */
const readyDescriptor = 9;
const firstDescriptor = 3;
/** Where sockets are for a moment while they are put in order. */
const asideDescriptor = 100;
/** With `READY_FD` there is room for so many. */
export const mostSocketsWithReadyFd = readyDescriptor - firstDescriptor;

/**
 * A socket with its addresses, in the order of their descriptors. systemd starts what stands behind a socket
 * when somebody connects and none of the units that share it is active; which process serves is for the agent to say, so
 * `queueUnitText` stands there.
 */
export function socketUnitText(
  name: string,
  sockets: readonly Pick<SocketRequest, "address">[],
): string {
  const lines = [
    "[Unit]",
    `Description=${unitValue(`Listening socket of ${name.slice("stoa-".length, -".socket".length)}`)}`,
    "",
    "[Socket]",
    ...sockets.map(({ address }) => `ListenStream=${listenStream(address)}`),
    "Backlog=4096",
    "RemoveOnStop=yes",
    `Service=${queueUnitName(name)}`,
    "",
    "[Install]",
    "WantedBy=sockets.target",
  ];
  return `${header}${lines.join("\n")}\n`;
}

/** Does nothing, and so lets connections wait until a slot takes them. */
export function queueUnitText(): string {
  const lines = [
    "[Unit]",
    "Description=Connections to %i wait for the process that serves",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    "ExecStart=/bin/true",
  ];
  return `${header}${lines.join("\n")}\n`;
}

/** One process. */
export function slotUnitText(plan: UnitPlan, place: UnitPlace): string {
  const { service, slot, launch, kept } = plan;
  const { readiness, user, log, succession } = launch;
  // A unit whose process replaces itself stays as it is from one release to the next.
  const release = succession === undefined ? ` ${launch.release.slice(0, 12)}` : "";
  const lines = [
    "[Unit]",
    `Description=${unitValue(`${service}${release}, slot ${slot}`)}`,
    "After=network.target",
    // It is started again for ever, as slowly as below.
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `Type=${readiness === "notify" ? "notify" : "exec"}`,
    ...(readiness === "notify"
      ? [`NotifyAccess=${succession === undefined ? "main" : "all"}`]
      : []),
    ...(succession === undefined ? [] : successionLines(plan)),
    // The agent waits as long as the service's health deadline says, and stops it then.
    "TimeoutStartSec=infinity",
    `ExecStart=:${commandWords(plan).map(unitWord).join(" ")}`,
    `WorkingDirectory=${unitValue(launch.directory)}`,
    `EnvironmentFile=${unitValue(environmentFileOf(place, plan))}`,
    ...(launch.sockets.length === 0 ? [] : [`Sockets=${socketUnitNames(plan).join(" ")}`]),
    ...(user === undefined ? [] : userLines(user)),
    ...limitLines(launch),
    ...(readiness === "fd"
      ? [`RuntimeDirectory=${runtimeFolder(service, slot)}`, "RuntimeDirectoryMode=0700"]
      : []),
    `StandardOutput=append:${unitValue(log)}`,
    "StandardError=inherit",
    `KillMode=${succession === undefined ? "mixed" : "control-group"}`,
    `KillSignal=${launch.stopSignal}`,
    // 0 would mean: for ever.
    `TimeoutStopSec=${Math.max(1, launch.stopGraceMs)}ms`,
    ...restartLines(kept, place.version),
    ...(slot === rehearsalSlot ? [] : ["", "[Install]", "WantedBy=multi-user.target"]),
  ];
  return `${header}${lines.join("\n")}\n`;
}

/** The environment of a process. systemd adds its own: `LISTEN_FDS`, `NOTIFY_SOCKET`, `HOME` and so on (systemd.exec(5)). */
export function slotEnvironmentText(plan: UnitPlan): string {
  const { environment, sockets, readiness } = plan.launch;
  const entries = Object.entries(environment).filter(
    ([name]) => !/^LISTEN_|^READY_FD$|^NOTIFY_SOCKET$/.test(name),
  );
  // A socket unit has one name for all its descriptors; this file is read later and wins (systemd.exec(5)). Where there
  // are several units, the shell in front needs their names, and sets these.
  if (socketUnitNames(plan).length === 1)
    entries.push(["LISTEN_FDNAMES", sockets.map(({ name }) => name).join(":")]);
  if (readiness === "fd") entries.push(["READY_FD", String(readyDescriptor)]);
  return environmentFileText(Object.fromEntries(entries));
}

/** A shell in front where something must be known or open that systemd does not give; it becomes the program. */
function commandWords(plan: UnitPlan): readonly string[] {
  const { launch } = plan;
  const { program, arguments: args, readiness, ownIdVariables, firstDescriptor: moved } = launch;
  const units = socketUnitNames(plan);
  const steps = [
    ...(units.length > 1 ? orderingSteps(units, launch.sockets) : []),
    ...(moved === undefined ? [] : movingSteps(launch.sockets, moved)),
    ...ownIdVariables.map((name) => `export ${name}=$$`),
    ...(readiness === "fd" ? [`exec ${readyDescriptor}>"$RUNTIME_DIRECTORY/ready"`] : []),
  ];
  if (steps.length === 0) return [program, ...args];
  const shell = needsBash(launch) ? bash : "/bin/sh";
  return [shell, "-c", [...steps, 'exec "$@"'].join("; "), "sh", program, ...args];
}

/**
 * The unit outlives its first process: it ends with the last (`ExitType=`, since systemd 250). Where the number of the next
 * one stands in the file before the old one ends, that is the main process then.
 */
function successionLines(plan: UnitPlan): readonly string[] {
  return ["ExitType=cgroup", `PIDFile=${unitValue(pidFileOf(plan))}`];
}

/** Whether its sockets have to be moved before it can take them. */
export function needsBash({ sockets, firstDescriptor: moved }: Launch): boolean {
  return sockets.length > 1 || moved !== undefined;
}

/**
 * The descriptors of several units come in no order, each under the name of its unit (systemd.socket(5),
 * `FileDescriptorName=`).
 */
function orderingSteps(
  units: readonly string[],
  sockets: readonly SocketRequest[],
): readonly string[] {
  const places = units.map((name, at) => `${name}) to=${asideDescriptor + at};;`);
  const move = 'eval "exec $to<&$at $at<&-"; at=$((at+1))';
  return [
    `at=${firstDescriptor}`,
    `for unit in \${LISTEN_FDNAMES//:/ }; do case $unit in ${places.join(" ")} esac; ${move}; done`,
    ...units.map(
      (_, at) => `exec ${firstDescriptor + at}<&${asideDescriptor + at} ${asideDescriptor + at}<&-`,
    ),
    `export LISTEN_FDNAMES='${sockets.map(({ name }) => name).join(":")}'`,
  ];
}

/** Elsewhere they are nobody's business by `LISTEN_FDS`. */
function movingSteps(sockets: readonly SocketRequest[], to: number): readonly string[] {
  return [
    ...sockets.map(
      (_, at) => `exec ${to + at}<&${firstDescriptor + at} ${firstDescriptor + at}<&-`,
    ),
    "unset LISTEN_FDS LISTEN_PID LISTEN_FDNAMES",
  ];
}

function userLines(text: string): readonly string[] {
  const [user = "", group] = text.split(":");
  return [
    `User=${unitValue(user)}`,
    ...(group === undefined ? [] : [`Group=${unitValue(group)}`]),
    "NoNewPrivileges=yes",
  ];
}

/** All but the descriptors and the core bound the whole unit, with all its children (systemd.resource-control(5)). */
function limitLines({ limits }: Launch): readonly string[] {
  return [
    ["LimitNOFILE", limits?.openFiles, ""],
    ["TasksMax", limits?.processes, ""],
    ["MemoryMax", limits?.memoryBytes, ""],
    ["CPUQuota", limits?.cpuPercent, "%"],
    ["LimitCORE", limits?.coreBytes, ""],
  ].flatMap(([name, value, unit]) => (value === undefined ? [] : [`${name}=${value}${unit}`]));
}

/** Growing pauses came with systemd 254. */
function restartLines(kept: boolean, version: number): readonly string[] {
  if (!kept) return ["Restart=no"];
  if (version < 254) return ["Restart=always", "RestartSec=2s"];
  return ["Restart=always", "RestartSec=1s", "RestartSteps=6", "RestartMaxDelaySec=60s"];
}

/** systemd writes "all addresses" as a bare port, and unix sockets as a path. */
function listenStream(text: string): string {
  const address = parseSocketAddress(text);
  if (address.kind === "unix") return unitValue(address.path);
  return address.host === undefined ? String(address.port) : text.replace("localhost", "127.0.0.1");
}

function runtimeFolder(service: string, slot: Slot): string {
  return `stoa/${service}.${slot}`;
}
