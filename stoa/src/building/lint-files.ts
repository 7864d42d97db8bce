// What is wrong with a bundle that has an appspec.yml, said before anything is done with it.
import { readFile } from "node:fs/promises";
import { type Diagnostic, formatDiagnostic, hasErrors, lintBundle } from "@stoa/deployment/appspec";
import type { BundleFile } from "../delivery/file-contents.ts";
import { headOf } from "./archive-entries.ts";

/** So much of every file is looked at: enough for a first line and an ELF header. */
const headBytes = 256;

/** Everything that is to be said about a bundle. */
export async function diagnosticsOf(
  files: readonly BundleFile[],
  appspec: string,
): Promise<readonly Diagnostic[]> {
  const spec = files.find(({ path }) => path === appspec);
  const text = spec === undefined ? "" : await readFile(spec.place, "utf8");
  const linted = [];
  for (const { path, mode, place } of files) {
    linted.push({ path, mode, head: await headOf(place, headBytes) });
  }
  return lintBundle(text, linted);
}

/** Tells everything that is to be said about a bundle. Throws a sentence if it must not be deployed. */
export async function lintFiles(
  files: readonly BundleFile[],
  appspec: string,
  tell: (line: string) => void,
): Promise<void> {
  const diagnostics = await diagnosticsOf(files, appspec);
  for (const diagnostic of diagnostics) tell(formatDiagnostic(appspec, diagnostic));
  if (!hasErrors(diagnostics)) return;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  throw new Error(
    `${appspec} has ${errors === 1 ? "an error" : `${errors} errors`}; nothing was touched`,
  );
}
