// From a revision and the settings of its environment to the process that is started. Pure.
import { join } from "node:path";
import { type HandOff, handOffLibraryOf, type Revision, type Run } from "@stoa/deployment";
import type { Launch, SocketRequest } from "../domain/launch.ts";
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
}

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The process to start. */
export function planLaunch(order: LaunchOrder): Launch {
  const { id, layout, target, run, sockets, manner, rehearsal } = order;
  const release = join(layout.releases, target.release);
  const kind = handOffOf(order);
  const given = manner === "own" ? [] : sockets;
  const isGoagain = kind === "goagain" && given.length > 0;
  return {
    id,
    release: target.release,
    program: join(release, run.entry),
    arguments: run.arguments,
    environment: { ...environmentOf(order), ...(isGoagain ? goagainVariables(given) : {}) },
    directory: release,
    sockets: given,
    readiness: run.readiness === "health" ? "none" : run.readiness,
    rehearsal,
    ownIdVariables: isGoagain ? ["GOAGAIN_PPID"] : [],
    parent: kind === "grace-shim" && given.length > 0 ? "init" : "any",
    user: run.user,
    limits: run.limits,
    log: layout.log,
    // What goagain calls graceful (goagain.Wait).
    stopSignal: kind === "goagain" ? "SIGQUIT" : "SIGTERM",
    stopGraceMs: rehearsal ? Math.min(run.drainMs, rehearsalGraceMs) : run.drainMs,
  };
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
 */
function goagainVariables([first]: readonly SocketRequest[]): Record<string, string> {
  const address = parseSocketAddress(first?.address ?? "");
  const name =
    address.kind === "unix"
      ? `unix:${address.path}->`
      : `tcp:${tcpAddressText(address.host, address.port)}->`;
  return { GOAGAIN_FD: "3", GOAGAIN_NAME: name, GOAGAIN_SIGNAL: "0" };
}

const rehearsalGraceMs = 2_000;

/** The settings win over the revision, and what only the agent can know wins over both. */
function environmentOf({
  revision,
  run,
  settings,
  sockets,
  ports,
  rehearsal,
}: LaunchOrder): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: searchPath,
    ...memoryVariables(run, revision),
    ...run.environment,
    ...settings,
    STOA_SERVICE: revision.service,
    RELEASE_VERSION: revision.version,
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
