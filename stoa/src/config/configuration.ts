// The whole configuration of a start: file, environment and the go command's variables, with everything that is wrong.
import { homedir } from "node:os";
import { checkModulePatterns, parseProxyList } from "@stoa/gomod";
import { parseDatabaseSetting, parseMirroredDatabase } from "@stoa/gomod/sumdb";
import { parseVcsRules } from "@stoa/proxy";
import { type ConfigProblem, readConfigFile } from "./config-file.ts";
import { findContradictions, placeOf } from "./consistency.ts";
import { type GoEnvironment, readGoEnvironment } from "./go-environment.ts";
import { type Environment, knownFileNames, type LoadedConfig, loadConfig } from "./load-config.ts";
import { checkNamedFiles } from "./named-files.ts";
import { checkPolicy } from "./policy.ts";

/** From where a configuration is read. */
export interface ConfigurationPlace {
  readonly environment: Environment;
  /** The file that the command line names. */
  readonly file: string | undefined;
  /** The folder in which `athens.toml` is looked for. */
  readonly folder: string;
}

/** A configuration and what it was made from. */
export interface Configuration extends LoadedConfig {
  readonly go: GoEnvironment;
  /** The variables that programs see which Stoa starts: its own, but those about Stoa, and what GoBinaryEnvVars says. */
  readonly environment: Readonly<Record<string, string>>;
  /** The path of the file that was read; undefined if there was none. */
  readonly file: string | undefined;
}

/** Reads everything anew. Never throws: what is wrong is in `problems`. */
export function readConfiguration(place: ConfigurationPlace): Configuration {
  const file = readConfigFile(place.file, place.folder, (name) => knownFileNames.has(name));
  const config = loadConfig(place.environment, file);
  const go = readGoEnvironment(config.values.goBinaryEnvVars, place.environment);
  const problems = [
    ...config.problems,
    ...findContradictions(config),
    ...checkNamedFiles(config, file?.path),
    ...checkPolicy(config),
    ...checkTexts([
      [`GOPROXY from ${go.goproxySource}`, () => parseProxyList(go.goproxy)],
      [`GOSUMDB from ${go.gosumdbSource}`, () => parseDatabaseSetting(go.gosumdb)],
      [`GOVCS from ${go.govcsSource}`, () => parseVcsRules(go.govcs)],
      ["SumDBs", () => config.values.sumDbs.map(parseMirroredDatabase)],
      // Else one that is malformed would protect or exempt nothing, and nobody would notice.
      ...patternKeys.map(
        (key) =>
          [placeOf(config, key), () => checkModulePatterns(config.values[key].join(","))] as const,
      ),
    ]),
  ];
  const environment = inheritedVariables(place.environment, config.values.goBinaryEnvVars);
  return { ...config, problems, go, environment, file: file?.path };
}

const patternKeys = ["noSumPatterns", "crawlModules", "retainProtect"] as const;

/** Secrets of Stoa are nobody else's. */
function inheritedVariables(
  environment: Environment,
  assignments: ReadonlyMap<string, string>,
): Record<string, string> {
  const inherited = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || /^(ATHENS|STOA)_/.test(name) ? [] : [[name, value] as const],
  );
  return { HOME: homedir(), ...Object.fromEntries([...inherited, ...assignments]) };
}

function* checkTexts(
  texts: readonly (readonly [at: string, parse: () => unknown])[],
): Generator<ConfigProblem> {
  for (const [at, parse] of texts) {
    try {
      parse();
    } catch (failure) {
      yield { at, message: failure instanceof Error ? failure.message : String(failure) };
    }
  }
}
