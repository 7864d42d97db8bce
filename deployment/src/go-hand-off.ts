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
      "goagain crashes on SIGUSR2 when built with Go 1.9 or later, so the new process is given the socket and quits the old one",
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
 * counts as the library.
 */
export function handOffLibraryOf(go: GoBuildInfo): HandOffLibrary | undefined {
  return libraries.find(({ module }) =>
    [go.module, ...go.dependencies.map(({ path }) => path)].some(
      (path) => path === module || path.startsWith(`${module}/`),
    ),
  );
}
