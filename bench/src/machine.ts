// On what the figures were measured. No names of hosts, folders or addresses: results are published.
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import process from "node:process";
import { toolVersion } from "./tools.ts";

/** What a reader must know of a machine to judge figures from it. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Whether the core of the servers and the core of the load are two threads of one physical core. */
  readonly coresShareHardware: boolean | "unknown";
  readonly memoryGibibytes: number;
  readonly system: string;
  readonly kernel: string;
  readonly node: string;
  readonly nginx: string;
  readonly wrk: string;
  readonly go: string;
  /** How many programs wanted a core in the last minute, when the description was made. */
  readonly loadBefore: number;
}

/** Describes this machine as it is now. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    coresShareHardware: areSiblings(),
    memoryGibibytes: Math.round(totalmem() / 2 ** 30),
    system: systemName(),
    kernel: /^[\d.]*\d/.exec(release())?.[0] ?? release(),
    node: process.version,
    nginx: toolVersion("nginx") ?? "none",
    wrk: toolVersion("wrk")?.replace(/ Copyright.*/, "") ?? "none",
    go: toolVersion("go") ?? "none",
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

function areSiblings(): boolean | "unknown" {
  const text = textOf("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list");
  return text === "" ? "unknown" : /^0[-,]1\b/.test(text);
}

function systemName(): string {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf("/etc/os-release"))?.[1] ?? process.platform;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
