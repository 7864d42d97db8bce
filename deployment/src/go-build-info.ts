// What the Go toolchain writes into a binary about how it was built.
import { z } from "zod";

/** A module that was compiled in. */
export interface GoModule {
  readonly path: string;
  /** `(devel)` where it was built from a working tree. */
  readonly version: string;
  /** `h1:…`; empty for the main module and for folders. */
  readonly sum: string;
}

/** What the Go toolchain writes into a binary (`go version -m`). */
export interface GoBuildInfo {
  /** The toolchain: `go1.26.0`. */
  readonly version: string;
  /** The import path of the main package. */
  readonly path: string;
  /** The main module; empty where it was built without modules. */
  readonly module: string;
  readonly moduleVersion: string;
  /** What was compiled in, replacements in place of what they replace; sorted by path. */
  readonly dependencies: readonly GoModule[];
  /** `-ldflags`, `GOOS`, `vcs.revision` and so on. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The shape of `GoBuildInfo`. */
export const goBuildInfoSchema: z.ZodType<GoBuildInfo> = z.strictObject({
  version: z.string(),
  path: z.string(),
  module: z.string(),
  moduleVersion: z.string(),
  dependencies: z.array(z.strictObject({ path: z.string(), version: z.string(), sum: z.string() })),
  settings: z.record(z.string(), z.string()),
});
