// Which way of handing over a Go program was built with, judged by the modules in it.
import type { GoBuildInfo } from "./go-build-info.ts";
import type { HandOff } from "./run.ts";

/** A library for handing over the listening socket, and how a program that has it must be treated. */
export interface HandOffLibrary {
  readonly module: string;
  readonly handOff: HandOff;
  /** For people: what it means. */
  readonly sentence: string;
}

const libraries: readonly HandOffLibrary[] = [
  {
    module: "github.com/rcrowley/goagain",
    handOff: "goagain",
    sentence:
      "goagain crashes on SIGUSR2 when built with Go 1.9 or later, so the new process is given the socket in goagain's own way, and the old one is asked to end",
  },
  ...["github.com/facebookgo/grace", "github.com/facebookarchive/grace"].map((module) => ({
    module,
    handOff: "grace-shim" as const,
    sentence:
      "facebookgo/grace ends its parent after it has started, so it is started by a process that steps aside",
  })),
];

/**
 * The library, if the program has one that must not be started as any other. A module inside the library's repository
 * counts as the library, and so does what was put in its place.
 */
export function handOffLibraryOf(go: GoBuildInfo): HandOffLibrary | undefined {
  return libraries.find(({ module }) =>
    [go.module, ...go.dependencies.flatMap(({ path, replaces = path }) => [path, replaces])].some(
      (path) => path === module || path.startsWith(`${module}/`),
    ),
  );
}
