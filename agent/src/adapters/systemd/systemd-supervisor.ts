// systemd as the supervisor: a socket unit for each service, and a unit for each process, in slots that take turns.
import process from "node:process";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Launch, ProcessView, SocketRequest } from "../../domain/launch.ts";
import {
  readyFileOf,
  rehearsalSlot,
  type Slot,
  servingSlots,
  slotUnitName,
  socketUnitNames,
} from "../../domain/service-units.ts";
import { leavesPortOpen, withPort } from "../../domain/socket-address.ts";
import type { LogFiles } from "../../domain/spawn.ts";
import type { StopOrder, Supervisor } from "../../domain/supervisor.ts";
import type { UnitRecord } from "../../domain/systemd-record.ts";
import {
  exitOf,
  parseUnits,
  type UnitProperties,
  unitProperties,
} from "../../domain/unit-state.ts";
import { viewOf } from "../../domain/unit-view.ts";
import { checkLaunch } from "./launch-check.ts";
import { MachineUnits, type UnitParts } from "./machine-units.ts";
import { told } from "./systemctl.ts";
import { type SuccessionParts, UnitSuccession } from "./unit-succession.ts";

/** What the supervisor is made of. */
export interface SystemdParts extends UnitParts, SuccessionParts {
  readonly logs: LogFiles;
  freePort(): Promise<number>;
}

type Found = ReadonlyMap<string, UnitProperties>;

const firstPauseMs = 10;
const longestPauseMs = 200;
/** Codes with which systemd says that it could not come as far as the program (systemd.exec(5)). */
const [firstOwnCode, lastOwnCode] = [200, 243];
/** `ExitType=cgroup` came with it. */
const firstWithSuccession = 250;

/**
 * The listening sockets belong to systemd, and so do the processes: both live on when the agent does not, and come back
 * with the machine. What is written down here is what the units should be.
 */
export class SystemdSupervisor implements Supervisor {
  readonly boundsChildren = true;
  readonly #parts: SystemdParts;
  readonly #units: MachineUnits;
  readonly #succession: UnitSuccession;
  readonly followsSuccession: boolean;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: SystemdParts) {
    this.#parts = parts;
    this.#units = new MachineUnits(parts);
    this.#succession = new UnitSuccession(parts, this.#units);
    this.followsSuccession = parts.version >= firstWithSuccession;
  }

  async views(): Promise<readonly ProcessView[]> {
    const { units } = await this.#units.record();
    const found = await this.#look(units);
    return await Promise.all(units.map((unit) => this.#view(unit, found)));
  }

  launch(service: string, launch: Launch): Promise<ProcessView> {
    return this.#alone(async () => {
      const known = await this.#units.find(service, launch.id);
      if (known !== undefined) return await this.#viewNow(known);
      await checkLaunch(launch, this.#parts.run);
      if (launch.succession?.after !== undefined) {
        const before = await this.#unit(service, launch.succession.after);
        const { pid } = await this.#viewNow(before);
        return await this.#viewNow(await this.#succession.begin(launch, before, pid));
      }
      await this.#sweep(service);
      const slot = launch.rehearsal ? await this.#clearedStage(service) : await this.#slot(service);
      const sockets = await this.#withPorts(launch.sockets);
      const unit = await this.#units.add({
        service,
        slot,
        launch: { ...launch, sockets },
        kept: false,
        stopping: false,
      });
      await this.#start(unit);
      return await this.#viewNow(unit);
    });
  }

  async wait(
    service: string,
    id: string,
    until: "ready" | "gone",
    waitMs: number,
  ): Promise<ProcessView> {
    const { clock } = this.#parts;
    const deadline = clock.monotonicMs() + waitMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const unit = await this.#unit(service, id);
      const view = await this.#viewNow(unit);
      this.#succession.killOverdue(unit, view);
      const isOver = view.state === "gone" || (until === "ready" && view.state !== "starting");
      const leftMs = deadline - clock.monotonicMs();
      if (isOver || leftMs <= 0) return view;
      await clock.sleep(Math.min(pauseMs, leftMs));
    }
  }

  keep(service: string, id: string): Promise<ProcessView> {
    return this.#alone(async () => {
      await this.#unit(service, id);
      await this.#units.change(
        (unit) => unit.service === service,
        (unit) => ({ ...unit, kept: unit.launch.id === id }),
      );
      await this.#succession.nameMain(await this.#unit(service, id));
      return await this.#viewNow(await this.#unit(service, id));
    });
  }

  stop(service: string, id: string, order: StopOrder): Promise<ProcessView> {
    return this.#alone(async () => {
      const { graceMs } = order;
      const unit = await this.#unit(service, id);
      const view = await this.#viewNow(unit);
      if (view.state === "gone") return view;
      if (await this.#succession.hasCompany(unit)) {
        await this.#succession.stopAlone(unit, view.pid, order);
        return await this.#viewNow(await this.#unit(service, id));
      }
      await this.#units.change(
        (other) => other === unit,
        (asked) => ({ ...asked, kept: false, stopping: true }),
      );
      await told(this.#parts.run, ["stop", "--no-block", slotUnitName(unit)]);
      if (graceMs !== undefined && graceMs < unit.launch.stopGraceMs)
        void this.#kill(unit, graceMs);
      return await this.#viewNow(await this.#unit(service, id));
    });
  }

  closeSockets(service: string, but: readonly string[]): Promise<void> {
    return this.#alone(() => this.#units.removeSockets(service, but));
  }

  restore(service: string): Promise<readonly string[]> {
    return this.#alone(async () => {
      await this.#sweep(service);
      const { units } = await this.#units.record();
      for (const { launch } of units.filter((unit) => unit.service === service)) {
        await this.#parts.logs.rotate(launch.log).catch(() => undefined);
      }
      return await this.#units.restore(service);
    });
  }

  async #start(unit: UnitRecord): Promise<void> {
    const { run } = this.#parts;
    const name = slotUnitName(unit);
    const isAsked = unit.launch.readiness === "notify";
    const { code, errors } = await run("systemctl", [
      "start",
      ...(isAsked ? ["--no-block"] : []),
      name,
    ]);
    if (code === 0) return;
    const exit = exitOf((await this.#look([unit])).get(name));
    const status = exit?.code ?? 0;
    // It was started, and has ended since: that is for its view to say.
    if (exit !== undefined && (status < firstOwnCode || status > lastOwnCode)) return;
    throw new AgentFailure(
      "cannot_start",
      `${unit.launch.program} cannot be started by systemd (${exit === undefined ? errors.split("\n")[0] : `status ${status}`}); see journalctl -u ${name}`,
    );
  }

  /** Rehearsals have one slot: whatever is left of the last one ends now. */
  async #clearedStage(service: string): Promise<Slot> {
    const { units } = await this.#units.record();
    const left = units.find((unit) => unit.service === service && unit.slot === rehearsalSlot);
    if (left !== undefined) {
      await this.#parts.run("systemctl", ["kill", "--signal=KILL", slotUnitName(left)]);
      await this.#parts.run("systemctl", ["stop", slotUnitName(left)]);
      await this.#sweep(service);
    }
    return rehearsalSlot;
  }

  async #slot(service: string): Promise<Slot> {
    const { units } = await this.#units.record();
    const taken = units.filter((unit) => unit.service === service).map(({ slot }) => slot);
    const free = servingSlots.find((slot) => !taken.includes(slot));
    if (free !== undefined) return free;
    throw new AgentFailure(
      "conflict",
      `${service} has ${taken.length} processes already, of which most still drain; wait for them, or shorten drain`,
    );
  }

  /** systemd does not choose ports. */
  async #withPorts(sockets: readonly SocketRequest[]): Promise<readonly SocketRequest[]> {
    const resolved: SocketRequest[] = [];
    for (const { name, address } of sockets) {
      const port = leavesPortOpen(address) ? await this.#parts.freePort() : undefined;
      resolved.push({ name, address: port === undefined ? address : withPort(address, port) });
    }
    return resolved;
  }

  /** Forgets the units of a service whose processes have ended and are not started again. */
  async #sweep(service: string): Promise<void> {
    const { units } = await this.#units.record();
    const ours = units.filter((unit) => unit.service === service);
    const found = await this.#look(ours);
    for (const unit of ours) {
      const view = await this.#view(unit, found);
      this.#succession.killOverdue(unit, view);
      if (view.state === "gone" && !view.kept) await this.#units.remove(unit);
    }
  }

  async #kill(unit: UnitRecord, graceMs: number): Promise<void> {
    await this.#parts.clock.sleep(graceMs);
    const { state, id } = await this.#viewNow(unit);
    const now = await this.#units.find(unit.service, id);
    if (state !== "stopping" || now === undefined) return;
    await this.#parts.run("systemctl", ["kill", "--signal=KILL", slotUnitName(unit)]);
  }

  async #unit(service: string, id: string): Promise<UnitRecord> {
    const unit = await this.#units.find(service, id);
    if (unit !== undefined) return unit;
    throw new AgentFailure("not_found", `${service} has no process ${id}`);
  }

  async #viewNow(unit: UnitRecord): Promise<ProcessView> {
    return await this.#view(unit, await this.#look([unit]));
  }

  async #view(unit: UnitRecord, found: Found): Promise<ProcessView> {
    const hasSaid = async (): Promise<boolean> =>
      ((await this.#parts.disk.look(readyFileOf(unit)))?.size ?? 0) > 0;
    return viewOf(unit, found.get(slotUnitName(unit)), {
      hasSockets: socketUnitNames(unit).every(
        (name) => found.get(name)?.["ActiveState"] === "active",
      ),
      isReady: unit.launch.readiness !== "fd" || (await hasSaid()),
      within: await this.#succession.within(unit),
      nowMs: this.#parts.clock.nowMs(),
      // CLOCK_MONOTONIC, as in systemd's timestamps.
      monotonicMs: Number(process.hrtime.bigint() / 1_000_000n),
    });
  }

  async #look(units: readonly UnitRecord[]): Promise<Found> {
    if (units.length === 0) return new Map();
    const names = new Set([...units.map(slotUnitName), ...units.flatMap(socketUnitNames)]);
    const words = ["show", `--property=${unitProperties.join(",")}`, ...names];
    return parseUnits(await told(this.#parts.run, words));
  }

  /** One change after the other. */
  #alone<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action, action);
    this.#last = result;
    return result;
  }
}
