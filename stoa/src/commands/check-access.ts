// stoa modules check-access: can the repository of a module be had, and if not, why?
import process from "node:process";
import { checkAccess } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { proxySettings } from "./proxy-settings.ts";

/** Prints each step as it is done; the exit code is 1 if the module cannot be had. */
export async function checkModuleAccess(
  place: ConfigurationPlace,
  module: string,
  json: boolean,
): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort(new Error("interrupted")));
  let isModule = false;
  let isRouted = true;
  for await (const finding of checkAccess(proxySettings(config), module, stop.signal)) {
    const { step, works, sentence } = finding;
    process.stdout.write(
      json
        ? `${JSON.stringify(finding)}\n`
        : `${works ? "ok    " : "FAILED"} ${step}: ${sentence}\n`,
    );
    if (step === "route") isRouted = works;
    if (step === "module") isModule = works;
  }
  if (!isModule || !isRouted) process.exitCode = 1;
}
