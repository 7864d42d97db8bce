// Processes that replace themselves within a unit: there are two then, and systemd tells of the main one only.
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Clock } from "../../domain/clock.ts";
import type { Disk } from "../../domain/disk.ts";
import type { Launch, ProcessView } from "../../domain/launch.ts";
import { pidFileOf, slotUnitName } from "../../domain/service-units.ts";
import type { StopOrder } from "../../domain/supervisor.ts";
import { leaders, sharesUnit, type UnitRecord } from "../../domain/systemd-record.ts";
import type { Within } from "../../domain/unit-view.ts";
import type { MachineUnits } from "./machine-units.ts";

/** The processes in a unit. */
export interface UnitProcesses {
  /** The process of a unit that executes a file; that which has started the others, where there are several. */
  executing(unit: string, file: string): number | undefined;
  /** Whether a process does something of its own when it gets a signal. */
  catches(pid: number, signal: NodeJS.Signals): boolean;
  /** Returns false if the process has ended. */
  signal(pid: number, signal: NodeJS.Signals): boolean;
}

/** What it takes to look after them. */
export interface SuccessionParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly processes: UnitProcesses;
}

/** Most programs do it at once; those that finish something first are looked for from time to time. */
const atOnceMs = 500;
const atOncePauseMs = 2;

/** Processes are told apart by the release that each of them executes. */
export class UnitSuccession {
  readonly #parts: SuccessionParts;
  readonly #units: MachineUnits;
  /** Those that another process has started, as far as they were seen. */
  readonly #seen = new Set<string>();

  constructor(parts: SuccessionParts, units: MachineUnits) {
    this.#parts = parts;
    this.#units = units;
  }

  /** Has the process of a unit start another one, and waits a moment for that. Fails with `cannot_start`. */
  async begin(launch: Launch, before: UnitRecord, pid: number): Promise<UnitRecord> {
    const { processes, clock } = this.#parts;
    if (pid === 0) throw cannotStart(`${before.launch.id} does not run`);
    if (!processes.catches(pid, "SIGUSR2")) {
      throw cannotStart(
        `process ${pid} of ${before.service} does not catch SIGUSR2, and would be ended by it; take hand_off = "sigusr2" out of stoa.toml`,
      );
    }
    const { killAtMs: _, ...same } = before;
    const unit = { ...same, launch, kept: false, stopping: false };
    await this.#units.join(unit);
    processes.signal(pid, "SIGUSR2");
    const until = clock.monotonicMs() + atOnceMs;
    while (this.#executing(unit) === 0 && clock.monotonicMs() < until)
      await clock.sleep(atOncePauseMs);
    await this.nameMain(unit);
    return unit;
  }

  /** Tells systemd which process the unit goes on with when its main one has ended. */
  async nameMain(unit: UnitRecord): Promise<void> {
    const pid = this.#executing(unit);
    if (pid !== 0) await this.#parts.disk.replace(pidFileOf(unit), `${pid}\n`, 0o644);
  }

  /** Whether another process lives in the same unit. */
  async hasCompany(unit: UnitRecord): Promise<boolean> {
    const { units } = await this.#units.record();
    return units.some((other) => sharesUnit(unit, other) && this.#executing(other) !== 0);
  }

  /** Ends one process of a unit; systemd would end all. */
  async stopAlone(
    unit: UnitRecord,
    pid: number,
    { graceMs = unit.launch.stopGraceMs, unasked = false }: StopOrder,
  ): Promise<void> {
    const { processes, clock, disk } = this.#parts;
    const killAtMs = clock.nowMs() + graceMs;
    await this.#units.change(
      (other) => other === unit,
      (asked) => ({ ...asked, kept: false, stopping: true, killAtMs }),
    );
    const { units } = await this.#units.record();
    const startedBy = unit.launch.succession?.after;
    const isUndone = units.some(({ kept, launch }) => kept && launch.id === startedBy);
    if (isUndone) await disk.remove(pidFileOf(unit));
    if (pid !== 0 && !unasked) processes.signal(pid, unit.launch.stopSignal);
  }

  /** Kills a process that was to end alone, and has not, when its time is over. */
  killOverdue({ killAtMs }: UnitRecord, { pid, state }: ProcessView): void {
    const { processes, clock } = this.#parts;
    if (killAtMs === undefined || state !== "stopping" || clock.nowMs() < killAtMs) return;
    if (pid !== 0) processes.signal(pid, "SIGKILL");
  }

  /** A process among those of its unit; undefined where there is but one. */
  async within(unit: UnitRecord): Promise<Within | undefined> {
    const { succession, id } = unit.launch;
    if (succession === undefined) return undefined;
    const { units } = await this.#units.record();
    const pid = this.#executing(unit);
    if (pid !== 0) this.#seen.add(id);
    const isKnown = pid !== 0 || unit.kept || unit.stopping || this.#seen.has(id);
    return {
      pid,
      isAwaited: succession.after !== undefined && !isKnown,
      leads: leaders(units).some(({ launch }) => launch.id === id),
      isReplaced: await this.hasCompany(unit),
    };
  }

  #executing(unit: UnitRecord): number {
    const { succession } = unit.launch;
    if (succession === undefined) return 0;
    return this.#parts.processes.executing(slotUnitName(unit), succession.file) ?? 0;
  }
}

function cannotStart(sentence: string): AgentFailure {
  return new AgentFailure("cannot_start", sentence);
}
