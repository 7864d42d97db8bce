// Starts a release where nobody sees it, to learn whether it works and how it takes its sockets.
import { join } from "node:path";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { ProcessView, SocketRequest } from "../domain/launch.ts";
import type { Manner } from "../domain/service-journal.ts";
import { parseSocketAddress, withPort } from "../domain/socket-address.ts";
import { handOffOf, type LaunchOrder, planLaunch, portOf } from "./plan-launch.ts";
import type { ServiceParts } from "./service-parts.ts";
import { deadlineMsOf, problemOf } from "./validate-process.ts";

/** What a rehearsal is about. */
export type RehearsalOrder = Pick<
  LaunchOrder,
  "id" | "layout" | "target" | "revision" | "run" | "settings"
> & { readonly signal: AbortSignal };

const lookAgainMs = 20;

/**
 * Runs the release on private sockets, and with a free port in `$PORT`, until it is healthy. Returns how it takes its
 * sockets. Fails with `failed_start` in a sentence. Clients see nothing of it: the service goes on as it was.
 */
export async function rehearse(parts: ServiceParts, order: RehearsalOrder): Promise<Manner> {
  const { supervisor, service } = parts;
  const { run, id } = order;
  if (run.sockets.length === 0) return "shared";
  const ports = await Promise.all(
    run.sockets.map(({ address }) => (isUnix(address) ? undefined : parts.probe.freePort())),
  );
  const isPicky = handOffOf(order) === "grace-shim";
  const sockets = run.sockets.map((socket, at) =>
    isPicky ? sameAddress(socket, ports[at]) : privateSocket(parts, socket),
  );
  const { followsSuccession } = supervisor;
  const kind = { manner: "either", rehearsal: true, followsSuccession } as const;
  const launch = planLaunch({ ...order, ...kind, sockets, ports });
  try {
    const view = await supervisor.launch(service, launch);
    const found = await mannerOf(parts, order, view, ports);
    const addresses = addressesOf(found, view.sockets, ports);
    const problem = await problemOf(parts, { id, run, addresses, signal: order.signal });
    if (problem !== undefined) throw failed(problem);
    return found;
  } finally {
    await supervisor.stop(service, id, {}).catch(() => undefined);
  }
}

/** Where each socket is reached. */
export function addressesOf(
  manner: Manner,
  sockets: readonly SocketRequest[],
  ports: readonly (number | undefined)[],
): ReadonlyMap<string, string> {
  return new Map(
    sockets.map(({ name, address }, at) => [
      name,
      manner === "own" && ports[at] !== undefined ? `127.0.0.1:${ports[at]}` : address,
    ]),
  );
}

/** Waits until a program has shown how it takes its sockets. */
async function mannerOf(
  { supervisor, service, probe, clock }: ServiceParts,
  { run, signal }: RehearsalOrder,
  { id, sockets }: ProcessView,
  ports: readonly (number | undefined)[],
): Promise<Manner> {
  const deadlineMs = deadlineMsOf(run);
  const ready = await supervisor.wait(service, id, "ready", deadlineMs);
  if (ready.state === "gone") throw failed(ready.sentence);
  const deadline = clock.monotonicMs() + deadlineMs;
  while (clock.monotonicMs() < deadline) {
    signal.throwIfAborted();
    const view = await supervisor.wait(service, id, "gone", 0);
    if (view.state === "gone") throw failed(view.sentence);
    for (const [at, port] of ports.entries()) {
      const shown = await shownManner(probe, view.pid, { given: sockets[at], port });
      if (shown !== undefined) return shown;
    }
    await supervisor.wait(service, id, "gone", lookAgainMs);
  }
  throw failed(
    `took no connection within ${deadlineMs / 1000} s, neither on the socket it was given (LISTEN_FDS) nor on $PORT; listen on $PORT`,
  );
}

/**
 * A program shows what it knows by what it does: it accepts from the socket that it was given, or binds the port itself.
 * Undefined as long as it does neither.
 */
async function shownManner(
  probe: ServiceParts["probe"],
  pid: number,
  { given, port }: { given: SocketRequest | undefined; port: number | undefined },
): Promise<Manner | undefined> {
  const isGiven = given !== undefined && portOf(given.address) === port;
  if (port !== undefined && !isGiven && (await probe.listens(pid, port))) return "own";
  if (given === undefined) return undefined;
  const answer = await probe.connect(given.address, pid, lookAgainMs);
  return answer.kind === "answered" && answer.by === "it" ? "shared" : undefined;
}

/**
 * facebookgo/grace takes a socket only if it has the very address that the program listens on, so both are told the same
 * port (gracenet.Net.Listen).
 */
function sameAddress({ name, address }: SocketRequest, port: number | undefined): SocketRequest {
  return { name, address: port === undefined ? address : withPort(address, port) };
}

function privateSocket({ layout }: ServiceParts, { name, address }: SocketRequest): SocketRequest {
  if (isUnix(address)) return { name, address: `unix:${join(layout.folder, `${name}.rehearsal`)}` };
  return { name, address: "127.0.0.1:0" };
}

function isUnix(address: string): boolean {
  return parseSocketAddress(address).kind === "unix";
}

function failed(problem: string): AgentFailure {
  return new AgentFailure("failed_start", `the rehearsal ${problem}`);
}
