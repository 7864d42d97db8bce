// A bundle that lies unpacked in a folder, with its appspec read.
import { join } from "node:path";
import { type Appspec, formatDiagnostic, hasErrors, readAppspec } from "@stoa/deployment/appspec";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Disk } from "../domain/disk.ts";
import type { Bundle } from "./install-bundle.ts";

/** Reads the appspec of a bundle. Fails with `refused_revision`, naming file, line and column. */
export async function openBundle(disk: Disk, bundle: Omit<Bundle, "appspec">): Promise<Bundle> {
  return { ...bundle, appspec: await readAppspecOf(disk, bundle) };
}

async function readAppspecOf(
  disk: Disk,
  { folder, appspecName }: Pick<Bundle, "folder" | "appspecName">,
): Promise<Appspec> {
  const bytes = await disk.read(join(folder, appspecName));
  if (bytes === undefined) {
    throw new AgentFailure(
      "refused_revision",
      `the bundle has no ${appspecName}; it must lie at its root, or be named`,
    );
  }
  const { appspec, diagnostics } = readAppspec(Buffer.from(bytes).toString());
  if (appspec !== undefined && !hasErrors(diagnostics)) return appspec;
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  throw new AgentFailure(
    "refused_revision",
    errors.map((error) => formatDiagnostic(appspecName, error)).join("; "),
  );
}
