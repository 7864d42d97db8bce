// stoa config print | check
import process from "node:process";
import type { ConfigProblem } from "../config/config-file.ts";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { configAsJson, printConfig } from "../config/print-config.ts";

/** Prints every key. */
export function showConfig(place: ConfigurationPlace, asJson: boolean): void {
  const config = readConfiguration(place);
  process.stdout.write(asJson ? configAsJson(config, config.go) : printConfig(config, config.go));
  reportWarnings(config.warnings);
  reportProblems(config.problems);
}

/** Prints what is wrong, or that nothing is. */
export function checkConfig(place: ConfigurationPlace): void {
  const { problems, warnings } = readConfiguration(place);
  if (problems.length === 0) process.stdout.write("the configuration is in order\n");
  reportWarnings(warnings);
  reportProblems(problems);
}

/** Writes one line per problem and makes the program end with exit code 1 if there are any. */
export function reportProblems(problems: readonly ConfigProblem[]): void {
  for (const { at, message } of problems) process.stderr.write(`stoa: ${at}: ${message}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

function reportWarnings(warnings: readonly ConfigProblem[]): void {
  for (const { at, message } of warnings) {
    process.stderr.write(`stoa: warning: ${at}: ${message}\n`);
  }
}
