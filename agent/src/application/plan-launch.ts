// From a revision and the settings of its environment to the process that is started. Pure.
import { join } from "node:path";
import { type HandOff, handOffLibraryOf, type Revision, type Run } from "@stoa/deployment";
import type { Launch, LaunchReadiness, SocketRequest } from "../domain/launch.ts";
import type { ServiceLayout } from "../domain/layout.ts";
import type { Manner, Target } from "../domain/service-journal.ts";
import { parseSocketAddress, tcpAddressText } from "../domain/socket-address.ts";

/** What a process is started from. */
export interface LaunchOrder {
  readonly id: string;
  readonly layout: ServiceLayout;
  readonly target: Target;
  readonly revision: Revision;
  readonly run: Run;
  readonly settings: Readonly<Record<string, string>>;
  /** Its sockets with the addresses they have this time. */
  readonly sockets: readonly SocketRequest[];
  /** `shared`: the sockets are given to it. `own`: it is told their ports and binds them itself. Both: a rehearsal. */
  readonly manner: Manner | "either";
  /** The ports it is told, in the order of its sockets; unix sockets have none. */
  readonly ports: readonly (number | undefined)[];
  readonly rehearsal: boolean;
  /** Whether whoever runs the processes follows those that replace themselves. */
  readonly followsSuccession: boolean;
}

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The process to start. */
export function planLaunch(order: LaunchOrder): Launch {
  const { id, layout, target, run, sockets, manner, rehearsal } = order;
  const release = join(layout.releases, target.release);
  const file = join(release, run.entry);
  const kind = handOffOf(order);
  const replacesItself = kind === "sigusr2" && order.followsSuccession;
  const given = manner === "own" ? [] : sockets;
  const isGoagain = kind === "goagain" && given.length > 0;
  return {
    id,
    release: target.release,
    // A program that starts its own path again finds the new release there. Its folder must be none of a release's.
    program: replacesItself && !rehearsal ? join(layout.current, run.entry) : file,
    arguments: run.arguments,
    environment: { ...environmentOf(order), ...(isGoagain ? goagainVariables(run, given) : {}) },
    directory: replacesItself ? layout.folder : release,
    sockets: given,
    ...(isGoagain ? { firstDescriptor: goagainDescriptor(run) } : {}),
    readiness: readinessOf(run, replacesItself),
    rehearsal,
    ownIdVariables: isGoagain ? ["GOAGAIN_PPID"] : [],
    parent: kind === "grace-shim" && given.length > 0 ? "init" : "any",
    user: run.user,
    limits: run.limits,
    log: layout.log,
    // What goagain calls graceful (goagain.Wait).
    stopSignal: kind === "goagain" ? "SIGQUIT" : "SIGTERM",
    stopGraceMs: rehearsal ? Math.min(run.drainMs, rehearsalGraceMs) : run.drainMs,
    ...(replacesItself && !rehearsal ? { succession: { file } } : {}),
  };
}

/** A descriptor to say it on is not passed on to a process that another one starts. */
function readinessOf({ readiness }: Run, replacesItself: boolean): LaunchReadiness {
  if (readiness === "health" || (readiness === "fd" && replacesItself)) return "none";
  return readiness;
}

/** How the program is handed over: as the revision declares, or as a library in it demands. */
export function handOffOf({ run, revision }: Pick<LaunchOrder, "run" | "revision">): HandOff {
  if (run.handOff === "goagain" || run.handOff === "grace-shim") return run.handOff;
  const library = revision.go === undefined ? undefined : handOffLibraryOf(revision.go);
  return library?.handOff ?? run.handOff;
}

/**
 * With these goagain takes its first socket instead of binding one. It then signals the process that GOAGAIN_PPID names,
 * which is itself here, and the signal 0 does nothing (kill(2)): the old process ends when the new one is proven, and not
 * when it says so. Authority: goagain.Listener and goagain.Kill.
 *
 * goagain.Listener closes the descriptor, and leaves an os.File to close it once more at some garbage collection. Connections
 * get the lowest numbers that are free (accept(2)), so the number must be one that none of them is likely to have by then:
 * else that close, and every one that follows from it, hits a stranger, until it hits what is just being accepted, and the
 * server ends for that.
 */
function goagainVariables(run: Run, [first]: readonly SocketRequest[]): Record<string, string> {
  const address = parseSocketAddress(first?.address ?? "");
  const name =
    address.kind === "unix"
      ? `unix:${address.path}->`
      : `tcp:${tcpAddressText(address.host, address.port)}->`;
  return { GOAGAIN_FD: String(goagainDescriptor(run)), GOAGAIN_NAME: name, GOAGAIN_SIGNAL: "0" };
}

/** Below the number of files that a process may have, which is 1024 or more where nobody says. */
function goagainDescriptor({ limits }: Run): number {
  return Math.max(3, Math.min(900, (limits?.openFiles ?? 1_024) - 1));
}

const rehearsalGraceMs = 2_000;

/** The settings win over the revision, and what only the agent can know wins over both. */
function environmentOf(order: LaunchOrder): Record<string, string> {
  const { revision, run, settings, sockets, ports, rehearsal } = order;
  const environment: Record<string, string> = {
    PATH: searchPath,
    ...memoryVariables(run, revision),
    ...run.environment,
    ...settings,
    STOA_SERVICE: revision.service,
    // A program that starts its successor would pass its own version on.
    ...(handOffOf(order) === "sigusr2" ? {} : { RELEASE_VERSION: revision.version }),
  };
  for (const [at, { name }] of sockets.entries()) {
    const port = ports[at];
    if (port === undefined) continue;
    if (environment["PORT"] === undefined || at === 0) environment["PORT"] = String(port);
    environment[`PORT_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`] = String(port);
  }
  if (rehearsal) environment["REHEARSAL"] = "1";
  return environment;
}

/**
 * Go collects its garbage more often when it comes near a bound that it knows of, instead of being ended at it; a tenth is
 * left for what is not Go's heap. Authority: runtime, "Environment Variables".
 */
function memoryVariables({ limits }: Run, { go }: Revision): Readonly<Record<string, string>> {
  if (limits?.memoryBytes === undefined || go === undefined) return {};
  return { GOMEMLIMIT: String(Math.floor(limits.memoryBytes * 0.9)) };
}

/** The port of an address; undefined for a unix socket. */
export function portOf(address: string): number | undefined {
  const parsed = parseSocketAddress(address);
  return parsed.kind === "tcp" ? parsed.port : undefined;
}
