// stoa config print | check
import process from "node:process";
import { parseProxyList } from "@stoa/gomod";
import { parseDatabaseList, parseDatabaseSetting } from "@stoa/gomod/sumdb";
import { readGoEnvironment } from "../config/go-environment.ts";
import { type ConfigProblem, type Environment, loadConfig } from "../config/load-config.ts";
import { configAsJson, printConfig } from "../config/print-config.ts";
import { settings } from "../config/settings.ts";

/** Prints every key. */
export function showConfig(environment: Environment, asJson: boolean): void {
  const config = loadConfig(environment);
  const go = readGoEnvironment(config.values.goBinaryEnvVars, environment);
  process.stdout.write(asJson ? configAsJson(config, go) : printConfig(config, go));
  reportProblems(config.problems);
}

/** Prints what is wrong, or that nothing is. */
export function checkConfig(environment: Environment): void {
  const config = loadConfig(environment);
  const problems = [...config.problems];
  const go = readGoEnvironment(config.values.goBinaryEnvVars, environment);
  const read: readonly (readonly [at: string, parse: () => unknown])[] = [
    [`GOPROXY from ${go.goproxySource}`, () => parseProxyList(go.goproxy)],
    [`GOSUMDB from ${go.gosumdbSource}`, () => parseDatabaseSetting(go.gosumdb)],
    [settings.sumDbs.environment[0], () => parseDatabaseList(config.values.sumDbs)],
  ];
  for (const [at, parse] of read) {
    try {
      parse();
    } catch (failure) {
      const message = failure instanceof Error ? failure.message : String(failure);
      problems.push({ at, message });
    }
  }
  if (problems.length === 0) process.stdout.write("the configuration is in order\n");
  reportProblems(problems);
}

/** Writes one line per problem and makes the program end with exit code 1 if there are any. */
export function reportProblems(problems: readonly ConfigProblem[]): void {
  for (const { at, message } of problems) process.stderr.write(`stoa: ${at}: ${message}\n`);
  if (problems.length > 0) process.exitCode = 1;
}
