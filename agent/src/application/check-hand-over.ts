// What is refused, or said, before anything of a hand-over is touched.

import type { Run } from "@stoa/deployment";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { SocketRequest } from "../domain/launch.ts";
import { canBeBeside } from "../domain/socket-sets.ts";
import type { JournalFile } from "./journal-file.ts";
import type { ServiceParts } from "./service-parts.ts";

/** Fails with `cannot_start` or `address_in_use` where this machine cannot run it. Notes what holds less here than asked for. */
export async function checkHandOver(
  parts: ServiceParts,
  journal: JournalFile,
  { run, sockets }: { readonly run: Run; readonly sockets: readonly SocketRequest[] },
): Promise<void> {
  await checkUser(parts, run);
  await checkAddresses(parts, journal, sockets);
  if (run.limits?.cpuPercent === undefined || parts.supervisor.boundsChildren) return;
  parts.note(
    `${parts.service} may use more than ${run.limits.cpuPercent} % of a processor: that limit holds only where systemd runs the processes`,
  );
}

async function checkUser({ permissions }: ServiceParts, run: Run): Promise<void> {
  if (run.user === undefined) return;
  const problem = await permissions.problemWith({ owner: run.user });
  if (problem !== undefined) throw new AgentFailure("cannot_start", problem);
}

/** Refuses an address that a stranger has, before anything is touched. */
async function checkAddresses(
  { probe, service }: ServiceParts,
  { now }: JournalFile,
  sockets: readonly SocketRequest[],
): Promise<void> {
  for (const { address } of sockets) {
    // Its own, or one that ends before.
    const own = now.addresses.map((known) => ({ address: known }));
    if (now.addresses.includes(address) || !canBeBeside([{ address }], own)) continue;
    const holder = await probe.holderOf(address);
    if (holder === undefined) continue;
    throw new AgentFailure(
      "address_in_use",
      `${address} is taken by ${holder}; end that, or give ${service} another port (stoa.toml: port)`,
    );
  }
}
