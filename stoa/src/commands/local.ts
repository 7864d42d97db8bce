// stoa local: runs the lifecycle of a bundle on this machine, to see whether it holds before it is deployed.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { runLocally } from "@stoa/agent/local";
import {
  type FileExistsBehavior,
  findAppspec,
  isLifecycleEvent,
  type LifecycleEvent,
} from "@stoa/deployment/appspec";
import { readGivenBundle } from "../building/given-bundle.ts";
import { lintFiles } from "../building/lint-files.ts";
import { giveJson, giveTable, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What the command line says; the words are those of codedeploy-local. */
export interface LocalOptions {
  readonly bundleLocation: string;
  readonly fileExistsBehavior: string;
  readonly deploymentGroup: string;
  readonly deploymentGroupName: string;
  readonly applicationName: string;
  readonly events?: string;
  readonly appspecFilename?: string;
  readonly root?: string;
  readonly targetRoot: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

const behaviors: readonly FileExistsBehavior[] = ["DISALLOW", "OVERWRITE", "RETAIN"];

/** Runs the lifecycle; exit code 1 if an event failed. */
export async function local({ folder }: CommandPlace, options: LocalOptions): Promise<void> {
  const behavior = behaviors.find((known) => known === options.fileExistsBehavior);
  if (behavior === undefined) {
    throw new Error(
      `--file-exists-behavior ${options.fileExistsBehavior}: write one of ${behaviors.join(", ")}`,
    );
  }
  const targetRoot = resolve(folder, options.targetRoot);
  if (!existsSync(targetRoot)) throw new Error(`there is no folder ${targetRoot}: make it first`);
  const temporary = await mkdtemp(join(tmpdir(), "stoa-local-"));
  await using _removed = {
    [Symbol.asyncDispose]: () => rm(temporary, { recursive: true, force: true }),
  };
  const files = await readGivenBundle(resolve(folder, options.bundleLocation), temporary);
  const paths = files.map(({ path }) => path);
  const appspec = findAppspec(paths, options.appspecFilename);
  // CodeDeploy finds out what is missing when it is half done.
  if (options.strict !== true && appspec !== undefined) await lintFiles(files, appspec, say);
  const outcome = await runLocally({
    files,
    root: resolve(folder, options.root ?? join(homedir(), ".stoa", "local")),
    targetRoot,
    application: options.applicationName,
    group: options.deploymentGroupName,
    groupId: options.deploymentGroup,
    events: eventsOf(options.events),
    appspecName: options.appspecFilename,
    behavior,
    strict: options.strict === true,
    said: say,
  });
  if (outcome.events.some(({ state }) => state === "Failed")) process.exitCode = 1;
  if (options.json === true) {
    giveJson(outcome);
    return;
  }
  giveTable(
    ["EVENT", "STATE", "WHAT"],
    outcome.events.map(({ event, state, sentence }) => [event, state, sentence]),
  );
  say(`what the scripts said: ${outcome.scriptsLog}`);
}

function eventsOf(text: string | undefined): readonly LifecycleEvent[] | undefined {
  return text?.split(",").map((name) => {
    const event = name.trim();
    if (isLifecycleEvent(event)) return event;
    throw new Error(`--events: there is no event ${event}`);
  });
}
