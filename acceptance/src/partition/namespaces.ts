// Networks of the test's own: namespaces of the kernel, and links between them that can be cut. Nothing outside is touched.
import { spawnSync } from "node:child_process";
import process from "node:process";

/** Who is where: the test with two instances, a third instance, the engine. */
export type Side = "here" | "there" | "engine";

interface Link {
  readonly ends: readonly [Side, Side];
  /** Of the two ends; a range that is for documentation and routed nowhere. */
  readonly addresses: readonly [string, string];
}

const links = [
  { ends: ["here", "engine"], addresses: ["192.0.2.1", "192.0.2.2"] },
  { ends: ["there", "engine"], addresses: ["198.51.100.1", "198.51.100.2"] },
  { ends: ["here", "there"], addresses: ["203.0.113.1", "203.0.113.2"] },
] as const satisfies readonly Link[];

/** Why there can be no networks of this kind here; false if there can. */
export function namespacesAreMissing(): string | false {
  const name = `stoa-${process.pid}-try`;
  const { error, status } = spawnSync("ip", ["netns", "add", name], { stdio: "ignore" });
  if (error !== undefined) return "there is no ip on this machine (Debian's package iproute2)";
  if (status !== 0) return "only root may make network namespaces";
  spawnSync("ip", ["netns", "delete", name], { stdio: "ignore" });
  return false;
}

/** The words before a command that let it run on a side. */
export function inside(name: string, side: Side): readonly string[] {
  return ["ip", "netns", "exec", `${name}-${side}`];
}

/** The address of one side as another sees it. */
export function addressOf(side: Side, seenFrom: Side): string {
  const link = linkBetween(side, seenFrom);
  return link.addresses[link.ends.indexOf(side as never)] ?? "";
}

/** Makes the namespaces and links that begin with `name`. Disposing takes them away. */
export function makeNetworks(name: string): Disposable {
  const sides: readonly Side[] = ["here", "there", "engine"];
  const remove = (): void => {
    for (const side of sides) spawnSync("ip", ["netns", "delete", `${name}-${side}`]);
  };
  try {
    for (const side of sides) {
      ip("netns", "add", `${name}-${side}`);
      ip("-n", `${name}-${side}`, "link", "set", "lo", "up");
    }
    for (const { ends, addresses } of links) {
      const [one, other] = ends;
      const peer = ["peer", "name", `to-${one}`, "netns", `${name}-${other}`];
      ip("-n", `${name}-${one}`, "link", "add", `to-${other}`, "type", "veth", ...peer);
      for (const [at, side] of ends.entries()) {
        const device = `to-${ends[1 - at]}`;
        ip("-n", `${name}-${side}`, "address", "add", `${addresses[at]}/24`, "dev", device);
        ip("-n", `${name}-${side}`, "link", "set", device, "up");
      }
    }
    return { [Symbol.dispose]: remove };
  } catch (failure) {
    remove();
    throw failure;
  }
}

/**
 * Cuts the engine off from a side: `both` loses what either sends, `answers` only what the engine does. Nobody is told.
 * Disposing mends it.
 */
export function cut(name: string, side: "here" | "there", what: "both" | "answers"): Disposable {
  const engine = `${name}-engine`;
  if (what === "both") {
    ip("-n", engine, "link", "set", `to-${side}`, "down");
    return {
      [Symbol.dispose]: () => ip("-n", engine, "link", "set", `to-${side}`, "up"),
    };
  }
  const route = ["blackhole", `${addressOf(side, "engine")}/32`];
  ip("-n", engine, "route", "add", ...route);
  return { [Symbol.dispose]: () => ip("-n", engine, "route", "delete", ...route) };
}

function linkBetween(one: Side, other: Side): Link {
  const found = links.find(({ ends }) => new Set<Side>([one, other, ...ends]).size === 2);
  if (found === undefined) throw new Error(`nothing links ${one} and ${other}`);
  return found;
}

function ip(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}
