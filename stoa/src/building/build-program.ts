// Builds a Go program so that the same sources give the same bytes on every machine.
import { type ProgramRun, runProgram } from "./run-program.ts";

/** What to build, and for which machines. */
export interface ProgramBuild {
  readonly folder: string;
  /** Import path of the main package. */
  readonly package: string;
  readonly os: string;
  readonly arch: string;
  /** Where the go command gets modules from; as it is configured itself if absent. */
  readonly goproxy: string | undefined;
  /** Becomes the program's `main.version`, if it has such a variable; see `checkedLabel`. */
  readonly version: string;
  /** Becomes `main.commit`, likewise. */
  readonly commit: string;
  /** The file to write. */
  readonly output: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs `go build`. Throws a sentence with what the compiler said last if it fails. */
export async function buildProgram(
  build: ProgramBuild,
  onLine: ProgramRun["onLine"],
): Promise<void> {
  const stamps = `-buildid= -X main.version=${build.version} -X main.commit=${build.commit}`;
  const words = ["build", "-trimpath", "-buildvcs=false", `-ldflags=${stamps}`];
  const { code, stderr } = await runProgram("go", [...words, "-o", build.output, build.package], {
    cwd: build.folder,
    env: {
      ...build.env,
      CGO_ENABLED: "0",
      GOOS: build.os,
      GOARCH: build.arch,
      ...(build.goproxy === undefined ? {} : { GOPROXY: build.goproxy }),
    },
    onLine,
  });
  if (code === 0) return;
  const said = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  throw new Error(
    `${build.package} does not build: ${said[0]?.trim() ?? `go build ended with ${code}`}`,
  );
}

/** The label itself if a revision may be called so and a linker flag can hold it. Throws a sentence. */
export function checkedLabel(label: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(label)) return label;
  throw new Error(
    `${JSON.stringify(label)} cannot be a version: it should be of letters, digits and . _ + -, such as 1.214`,
  );
}
