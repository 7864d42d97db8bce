// stoa modules bundle, and stoa modules import BUNDLE: modules and their proofs in one archive.
import { existsSync } from "node:fs";
import process from "node:process";
import { openBundle, writeBundle } from "@stoa/proxy";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { readNamedFile } from "../config/unreadable-file.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { moveModules } from "./move-modules.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";

/** Writes the configured storage into an archive. Rejects with a sentence; nothing is then left behind. */
export async function bundleModules(
  place: ConfigurationPlace,
  { to, since, key }: { readonly to: string; readonly since?: string; readonly key?: string },
): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  const progress = new ProgressLine();
  let files = 0;
  const added = (path: string): void => {
    files += 1;
    progress.show(() => `${files} versions: ${path}`);
  };
  const secretKey = key === undefined ? undefined : readNamedFile(key);
  const tools = { log: openLog({ level: "warn", format: "plain" }), metrics: openMetrics() };
  const signal = interruption();
  const order = { to, since, secretKey, added };
  try {
    const { versions, records, publicKey } = await writeBundle(
      proxySettings(config),
      order,
      tools,
      signal,
    );
    progress.clear();
    const signed = publicKey === undefined ? "not signed" : `signed by ${publicKey}`;
    process.stdout.write(
      `${to}: ${versions} versions, ${records} records of the checksum database, ${signed}\n`,
    );
  } catch (failure) {
    progress.clear();
    if (!signal.aborted) throw failure;
    process.stderr.write("stoa: interrupted; no bundle was written\n");
    process.exitCode = interruptedExitCode;
  }
}

/** Verifies a bundle and adds what is in it to the configured storage. */
export async function importBundle(
  place: ConfigurationPlace,
  path: string,
  {
    trust,
    ...options
  }: { readonly trust?: string; readonly json?: boolean; readonly compare?: boolean },
): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  const key = trust !== undefined && existsSync(trust) ? readNamedFile(trust) : trust;
  await using bundle = await openBundle(proxySettings(config), { path, trust: key });
  await moveModules(place, {
    ...options,
    from: `file://${bundle.tree}`,
    called: path,
    confirm: true,
  });
  if (!bundle.isSigned) {
    process.stderr.write(
      "stoa: the signature of the bundle was not looked at: name the key with --trust. What the checksum database has on record was confirmed by it\n",
    );
  }
}
