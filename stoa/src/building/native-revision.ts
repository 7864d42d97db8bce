// The revision of a program that brings no scripts: its files, and how it is run.
import {
  type Architecture,
  type GoBuildInfo,
  type HandOff,
  type Health,
  type Limits,
  type Revision,
  type Run,
  sha256Hex,
} from "@stoa/deployment";
import type { BundleFile } from "../delivery/file-contents.ts";
import type { SourceCommit } from "./go-project.ts";
import type { ServiceFile } from "./service-file.ts";

/** What a revision is made of. */
export interface NativeBundle {
  readonly service: string;
  readonly version: string;
  readonly arch: Architecture;
  readonly files: readonly BundleFile[];
  /** The path of the program among them. */
  readonly entry: string;
  /** How it must be handed over, where its libraries say so. */
  readonly handOff: HandOff | undefined;
  readonly file: ServiceFile;
  readonly commit: SourceCommit | undefined;
  readonly go: GoBuildInfo | undefined;
}

/** Describes a program as a revision. The same program described alike is the same revision. */
export function nativeRevision(bundle: NativeBundle): Revision {
  const { service, version, arch, files, entry, file, commit, go } = bundle;
  return {
    format: 1,
    service,
    version,
    os: "linux",
    arch,
    files: files.map(({ path, mode, size, sha256 }) => ({ path, mode, size, sha256 })),
    run: {
      entry,
      arguments: file.arguments,
      environment: file.environment_variables,
      sockets: [{ name: "http", address: `:${file.port ?? usualPort(service)}` }],
      health: healthOf(file),
      readiness: file.readiness ?? "health",
      handOff: file.hand_off ?? bundle.handOff ?? "overlap",
      drainMs: file.drain,
      ...(file.user === undefined ? {} : { user: file.user }),
      ...limitsOf(file),
    },
    ...(go === undefined ? {} : { go }),
    ...(commit === undefined ? {} : { commit: commit.hash, dirty: commit.dirty }),
  };
}

/** The port of a service that names none: the same on every machine and every day, from 20000 to 29999. */
function usualPort(service: string): number {
  return 20_000 + (Number.parseInt(sha256Hex(service).slice(0, 8), 16) % 10_000);
}

/** No limits are no member: a revision without any is the same as before there were limits. */
function limitsOf({
  limits: { memory, cpu, files, processes },
}: ServiceFile): Pick<Run, "limits"> | Record<never, never> {
  const limits: Limits = {
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(cpu === undefined ? {} : { cpuPercent: cpu }),
    ...(files === undefined ? {} : { openFiles: files }),
    ...(processes === undefined ? {} : { processes }),
  };
  return Object.keys(limits).length === 0 ? {} : { limits };
}

function healthOf({ health, start_within, hold }: ServiceFile): Health {
  const times = { deadlineMs: start_within, minimumHealthyMs: hold };
  if (health === undefined) return { kind: "listening", ...times };
  return {
    kind: "http",
    socket: "http",
    path: health.path,
    intervalMs: health.interval,
    timeoutMs: health.timeout,
    healthyAfter: health.healthy_after,
    ...times,
  };
}
