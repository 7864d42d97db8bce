// stoa modules queue | explain
import process from "node:process";
import { explain, explanationText, openPolicy, readQueue } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { policyOf } from "../config/policy.ts";
import { reportProblems } from "./config.ts";
import { keptStorage } from "./kept-storage.ts";
import { statePlace } from "./state-place.ts";

/** Prints what waits to be fetched in the background, and what was given up. */
export async function showQueue(
  place: ConfigurationPlace,
  { json = false, limit = 100 }: { readonly json?: boolean; readonly limit?: number },
): Promise<void> {
  const { values } = readConfiguration(place);
  const state = statePlace(values);
  if (state.kind === "memory") {
    throw new Error(
      "the queue is inside of the running program, for STOA_STATE is memory: see stoa_background_jobs in its /metrics",
    );
  }
  if (values.state.kind === "beside storage") keptStorage(values);
  const { counts, jobs } = await readQueue(state, limit);
  const rows = jobs.map(({ module, ...rest }) => ({
    module: `${module.path}@${module.version}`,
    ...rest,
  }));
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...counts, jobs: rows }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${counts.waiting} wait, ${counts.givenUp} given up\n`);
  for (const { module, state, attempts, added, due, reason } of rows) {
    const fate = state === "given_up" ? "given up" : `waits until ${due.toISOString()}`;
    const past = attempts === 0 ? "not tried yet" : `tried ${attempts} times: ${reason}`;
    process.stdout.write(`${module}  since ${added.toISOString()}, ${fate}, ${past}\n`);
  }
}

/** Prints what the policy decides about a module, with or without a version, and which rules decided it. */
export function explainModule(place: ConfigurationPlace, module: string, json: boolean): void {
  const { values, problems } = readConfiguration(place);
  if (problems.length > 0) {
    reportProblems(problems);
    return;
  }
  const explanation = explain(openPolicy(policyOf(values)).policy, module);
  process.stdout.write(
    json ? `${JSON.stringify(explanation, null, 2)}\n` : explanationText(explanation),
  );
}
