// A script that is hung on an event: how it is called, and what can come of it.
import type { Place } from "./diagnostic.ts";

/** A script that is hung on an event. */
export interface HookScript {
  /** Relative to the bundle. */
  readonly location: string;
  readonly timeoutSeconds: number;
  /** Whether the appspec says the time limit itself. */
  readonly hasOwnTimeout: boolean;
  /** The user it runs as. */
  readonly runas?: string;
  readonly sudo: boolean;
  readonly place: Place;
}

/** How long a script may take where nobody says so, and how long all scripts of an event together. */
export const longestSeconds = 3600;

/** What came of a script, by CodeDeploy's numbers. */
export const hookResults = {
  succeeded: 0,
  missing: 1,
  notExecutable: 2,
  timedOut: 3,
  failed: 4,
  unknown: 5,
  outputsLeftOpen: 6,
  agentRestarted: 7,
} as const;

/** What is said about a deployment to its scripts. */
export interface HookFacts {
  readonly event: string;
  readonly deployment: string;
  readonly application: string;
  readonly group: string;
  readonly groupId: string;
  /** The folder of the bundle; CodeDeploy does not say it. */
  readonly bundle: string;
}

/**
 * The command line of a script whose whole path is given. Nothing of it goes through a shell but what `su -c` is
 * given. A script without `#!` (ENOEXEC) is run by /bin/sh, as CodeDeploy's agent does.
 */
export function hookCommand(
  { runas, sudo }: HookScript,
  path: string,
): readonly [string, ...string[]] {
  const asUser: readonly [string, ...string[]] =
    runas === undefined ? [path] : ["su", runas, "-c", shellQuoted(path)];
  return sudo ? ["sudo", ...asUser] : asUser;
}

/** The variables that CodeDeploy adds, and the bundle's folder. */
export function hookEnvironment(facts: HookFacts): Readonly<Record<string, string>> {
  return {
    LIFECYCLE_EVENT: facts.event,
    DEPLOYMENT_ID: facts.deployment,
    APPLICATION_NAME: facts.application,
    DEPLOYMENT_GROUP_NAME: facts.group,
    DEPLOYMENT_GROUP_ID: facts.groupId,
    BUNDLE_DIR: facts.bundle,
  };
}

function shellQuoted(text: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
