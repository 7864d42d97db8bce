// Which versions the author of a module has taken back.
import { InvalidText, parseGoMod, type Retraction, retractionsOf, type Version } from "@stoa/gomod";
import { ProxyFailure } from "../proxy-failure.ts";
import { findModuleDirectory } from "./module-directory.ts";
import type { ModuleSource } from "./module-source.ts";
import { findRevision } from "./revision.ts";
import { compatibleOnes, highestOf, taggedVersions } from "./tagged-versions.ts";

/** Whether a version is retracted. */
export type IsRetracted = (version: string) => boolean;

/**
 * What the go.mod of the highest version says, which may retract itself. Nothing is retracted where there is no such
 * go.mod, or none that can be read. Authority: cmd/go modfetch.codeRepo.retractedVersions.
 */
export async function retractedVersions(source: ModuleSource): Promise<IsRetracted> {
  const highest = highestOf(compatibleOnes(await taggedVersions(source)));
  return highest === undefined ? () => false : retractionsIn(source, highest);
}

/** What the go.mod of one version retracts. */
export async function retractionsIn(source: ModuleSource, version: Version): Promise<IsRetracted> {
  const retractions = await readRetractions(source, version);
  return (asked) => retractionsOf(asked, retractions).length > 0;
}

async function readRetractions(
  source: ModuleSource,
  version: Version,
): Promise<readonly Retraction[]> {
  try {
    const { commit } = await findRevision(source, version);
    const { goMod } = await findModuleDirectory(source, commit, version);
    return goMod === undefined ? [] : parseGoMod(goMod).retractions;
  } catch (failure) {
    const isUnreadable =
      failure instanceof InvalidText ||
      (failure instanceof ProxyFailure && failure.code === "not_found");
    if (isUnreadable) return [];
    throw failure;
  }
}
