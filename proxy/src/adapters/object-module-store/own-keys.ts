// The objects in a bucket that are Stoa's own and not of Athens' layout.
import { escapePath, escapeVersion, type ModuleVersion } from "@stoa/gomod";

/**
 * All of them lie below `.stoa/`. No name ends in `.info`, because Athens' catalog takes such objects for versions; the at
 * sign cannot occur in a path.
 *
 *     .stoa/claims/<escaped path>/<escaped version>@claim   see VersionClaims
 *     .stoa/loose/<escaped path>/<escaped version>@<kind>   see ObjectLooseFiles
 *     .stoa/quarantine/<escaped path>/<escaped version>@<random>/<kind>
 *     .stoa/trash/<milliseconds>-<random>/<what>            see ObjectVersionTrash
 *     .stoa/leases/<sha256>                                 see BucketEngine
 *     .stoa/instances/<id>                                  see ObjectInstanceMarks
 *     .stoa/probe/<random>                                  see tryObjectStore
 */
export const ownPrefix = ".stoa/";

/** Below it are the loose files. */
export const looseFolder = `${ownPrefix}loose/`;

/** Below it are the marks of instances. */
export const instancesPrefix = `${ownPrefix}instances/`;

export const probePrefix = `${ownPrefix}probe/`;
export const trashPrefix = `${ownPrefix}trash/`;

export function ownKey(
  folder: "claims" | "loose" | "quarantine",
  { path, version }: ModuleVersion,
  what: string,
): string {
  return `${ownPrefix}${folder}/${escapePath(path)}/${escapeVersion(version)}@${what}`;
}
