// What systemd says about a unit, and what it means for the process in it. Pure. Authority: systemctl(1), `show`;
// org.freedesktop.systemd1(5).
import { constants } from "node:os";
import type { Exit, ProcessState } from "./launch.ts";

/** The properties that are asked for. */
export const unitProperties = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Job",
  "MainPID",
  "NRestarts",
  "Result",
  "ExecMainCode",
  "ExecMainStatus",
  "ExecMainStartTimestampMonotonic",
] as const;

/** One unit as `systemctl show` describes it. */
export type UnitProperties = Readonly<Record<string, string>>;

/** Takes the output of `systemctl show` apart: units are separated by an empty line. By name. */
export function parseUnits(text: string): ReadonlyMap<string, UnitProperties> {
  const units = text.split("\n\n").map((block) =>
    Object.fromEntries(
      block
        .split("\n")
        .filter((line) => line.includes("="))
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
  );
  return new Map(units.map((unit) => [unit["Id"] ?? "", unit]));
}

/** `isReady`: it has said so, or need not. */
export function stateOf(unit: UnitProperties | undefined, isReady: boolean): ProcessState {
  switch (unit?.["ActiveState"]) {
    case "active":
    case "reloading":
      return isReady ? "running" : "starting";
    case "activating":
      return unit["SubState"]?.startsWith("auto-restart") === true ? "waiting" : "starting";
    case "deactivating":
      return "stopping";
    default:
      // Until systemd comes to what it was asked for, the unit is as it was. `Job` is empty or absent where nothing is left to do.
      return Number(unit?.["Job"] ?? "") === 0 ? "gone" : "starting";
  }
}

/** How the process ended, if it has (waitid(2): 1 exited, 2 killed, 3 dumped). */
export function exitOf(unit: UnitProperties | undefined): Exit | undefined {
  const code = unit?.["ExecMainCode"];
  const status = Number(unit?.["ExecMainStatus"]);
  if (code === "1") return { code: status, signal: undefined };
  if (code !== "2" && code !== "3") return undefined;
  const names = Object.entries(constants.signals).filter(([, number]) => number === status);
  return { code: undefined, signal: names[0]?.[0] ?? `signal ${status}` };
}

/** When its process was started, by the clock that `nowMs` tells the time of day and `monotonicMs` the time since boot of. */
export function startedAtMsOf(
  unit: UnitProperties | undefined,
  { nowMs, monotonicMs }: { readonly nowMs: number; readonly monotonicMs: number },
): number {
  const microseconds = Number(unit?.["ExecMainStartTimestampMonotonic"] ?? 0);
  return microseconds === 0 ? 0 : Math.round(nowMs - monotonicMs + microseconds / 1_000);
}
