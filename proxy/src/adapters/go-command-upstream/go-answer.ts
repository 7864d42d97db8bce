// What the go command says about one module.
import { isVersion, type VersionInfo, type VersionOrigin } from "@stoa/gomod";

/**
 * One object of `go list -m -json` or `go mod download -json`; the two agree on names, but for the error.
 * Authority: go help list, go help mod download.
 */
interface WrittenAnswer {
  readonly Version?: string;
  readonly Time?: string;
  readonly Versions?: readonly string[];
  readonly GoMod?: string;
  readonly Zip?: string;
  readonly Origin?: Readonly<Record<string, string>>;
  readonly Error?: string | { readonly Err: string };
}

/** The parts that count. Files are paths in the module cache of the run. */
export interface GoAnswer {
  /** Which version it is about, when it was made, and from where. Absent where there is no version. */
  readonly info: VersionInfo | undefined;
  readonly versions: readonly string[];
  readonly modFile: string | undefined;
  readonly zipFile: string | undefined;
  readonly origin: VersionOrigin;
  /** What went wrong, in the go command's words. */
  readonly complaint: string | undefined;
}

/** Reads the output; `stderr` is where the command complains if it does not even begin. */
export function readGoAnswer(end: { readonly stdout: string; readonly stderr: string }): GoAnswer {
  const written = parsed(end.stdout);
  if (written === undefined) {
    return { ...nothing, complaint: end.stderr.trim() || "the go command said nothing" };
  }
  const { Error: error, Version: version, Time: time } = written;
  const origin = originOf(written.Origin);
  const complaint = typeof error === "object" ? error.Err : error;
  const hasVersion = complaint === undefined && version !== undefined && isVersion(version);
  return {
    info: hasVersion
      ? { version, time: time === undefined ? undefined : new Date(time), timeText: time, origin }
      : undefined,
    versions: written.Versions ?? [],
    modFile: written.GoMod,
    zipFile: written.Zip,
    origin,
    complaint,
  };
}

const nothing = {
  info: undefined,
  versions: [],
  modFile: undefined,
  zipFile: undefined,
  origin: {},
};

function parsed(stdout: string): WrittenAnswer | undefined {
  try {
    const value: unknown = JSON.parse(stdout);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function originOf(written: WrittenAnswer["Origin"] = {}): VersionOrigin {
  const { VCS, URL, Subdir, Hash, TagPrefix, TagSum, Ref, RepoSum } = written;
  const parts = {
    vcs: VCS,
    url: URL,
    subdir: Subdir,
    hash: Hash,
    tagPrefix: TagPrefix,
    tagSum: TagSum,
    ref: Ref,
    repoSum: RepoSum,
  };
  return Object.fromEntries(Object.entries(parts).filter(([, text]) => text));
}
