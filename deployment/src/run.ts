// Native mode: how a service is run that brings no scripts.
import { type Health, healthShape } from "./health.ts";
import { anyText, list, object, oneOf, optional, record, type Shape, whole } from "./shape.ts";

/** A listening socket that the service inherits. */
export interface Socket {
  /** What the service knows it by (`LISTEN_FDNAMES`). */
  readonly name: string;
  /** `:8080`, `127.0.0.1:0`, `[::1]:8080` or `unix:/run/x.sock`; port 0 lets the system choose. */
  readonly address: string;
}

/** Bounds of a service. Who runs the process says how well each of them holds: see `docs/agent.md`. */
export interface Limits {
  readonly openFiles?: number;
  /** Processes and threads. */
  readonly processes?: number;
  readonly memoryBytes?: number;
  /** Of one processor: 150 is one and a half. */
  readonly cpuPercent?: number;
  readonly coreBytes?: number;
}

/**
 * How a new process says that it is ready.
 * - `fd`: a line, or an end after a byte, on the descriptor that `READY_FD` names.
 * - `notify`: `READY=1` to `NOTIFY_SOCKET` (sd_notify(3)).
 * - `health`: its health question is answered with yes.
 * - `none`: as soon as it lives.
 */
export type Readiness = "fd" | "notify" | "health" | "none";

/**
 * How a new process takes over from the old one.
 * - `overlap`: both hold the listening socket; the old one is told to drain when the new one is ready.
 * - `restart`: the old one is stopped first; connections wait in the socket meanwhile.
 * - `sigusr2`: on SIGUSR2 the old process starts the new one, passes its socket on, and leaves. Only for services that declare it.
 * - `goagain`: as `overlap`, with the socket given in goagain's own variables, and SIGQUIT to end.
 * - `grace-shim`: as `overlap`, started as a child of process 1, because facebookgo/grace ends any other parent.
 */
export type HandOff = "overlap" | "restart" | "sigusr2" | "goagain" | "grace-shim";

/** How a service is run that brings no scripts. */
export interface Run {
  /** The program: a path among the files of the revision. */
  readonly entry: string;
  readonly arguments: readonly string[];
  /** Added to what the environment of the rollout sets, which wins. */
  readonly environment: Readonly<Record<string, string>>;
  readonly sockets: readonly Socket[];
  readonly health: Health;
  readonly readiness: Readiness;
  readonly handOff: HandOff;
  /** How long an old process may take to answer what it has begun. */
  readonly drainMs: number;
  /** The user it runs as; that of the agent if absent. */
  readonly user?: string;
  readonly limits?: Limits;
}

/** Texts that go to `execve`: a NUL would end them. */
const argument = anyText.that((value) => !value.includes("\0"), "must not hold a NUL");

/** Values of environment variables by name. */
export const environmentVariablesShape: Shape<Readonly<Record<string, string>>> = record(
  anyText.that(
    (name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
    "must be a name of letters, digits and underscores",
  ),
  argument,
);

const bound = optional(whole(0));

/** The shape of `Run`; that names agree is checked with the revision. */
export const runShape: Shape<Run> = object<Run>({
  entry: anyText,
  arguments: list(argument),
  environment: environmentVariablesShape,
  sockets: list(
    object<Socket>({
      name: anyText.that(
        (name) => /^[A-Za-z0-9._-]{1,255}$/.test(name),
        "must be 1 to 255 letters, digits and . _ -",
      ),
      address: anyText.that(isSocketAddress, "must be :PORT, HOST:PORT or unix:/PATH"),
    }),
  ),
  health: healthShape,
  readiness: oneOf("fd", "notify", "health", "none"),
  handOff: oneOf("overlap", "restart", "sigusr2", "goagain", "grace-shim"),
  drainMs: whole(0, 24 * 60 * 60 * 1000),
  user: optional(
    anyText.that(
      (name) => /^[a-z_][a-z0-9_-]{0,31}\$?$|^[0-9]{1,10}$/.test(name),
      "must be a user name or number",
    ),
  ),
  limits: optional(
    object<Limits>({
      openFiles: bound,
      processes: bound,
      memoryBytes: bound,
      cpuPercent: optional(whole(1)),
      coreBytes: bound,
    }),
  ),
});

/** Whether a text is an address that a service can listen on. */
function isSocketAddress(address: string): boolean {
  if (address.startsWith("unix:")) return /^unix:\/[^\0]{1,106}$/u.test(address);
  const match = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):(\d{1,5})$/.exec(address);
  return match !== null && Number(match[1]) <= 65535;
}
