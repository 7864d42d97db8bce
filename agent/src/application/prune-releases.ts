// Removes releases that nothing needs any more.
import { join } from "node:path";
import type { ServiceJournal } from "../domain/service-journal.ts";
import type { ServiceParts } from "./service-parts.ts";

/** So many releases of a service are kept, the one that runs and the one before among them. */
const keptReleases = 5;

/** Of what was a release and is being removed; also by an agent that did not come to its end. */
const goneEnding = ".gone";

/** Removes the oldest releases beyond those that are kept. */
export async function pruneReleases(
  { disk, layout, note, service }: ServiceParts,
  { committed, previous, handOver }: ServiceJournal,
): Promise<void> {
  const needed = new Set([committed?.release, previous?.release, handOver?.to.release]);
  const names = await disk.names(layout.releases);
  const spare: { readonly name: string; readonly changed: string }[] = [];
  for (const name of names) {
    if (needed.has(name)) continue;
    spare.push({
      name,
      changed: (await disk.look(join(layout.releases, name)))?.fingerprint ?? "",
    });
  }
  const byAge = spare.sort((one, other) => ageOf(one.changed) - ageOf(other.changed));
  const excess = names.length - keptReleases;
  for (const { name } of byAge.slice(0, Math.max(0, excess))) {
    note(`removed the release ${name.slice(0, 12)} of ${service}: ${keptReleases} are kept`);
    // What stands among the releases is whole: it goes from there in one step.
    await disk.makeFolder(layout.staging);
    await disk.setMode(join(layout.releases, name), 0o755);
    await disk.rename(join(layout.releases, name), join(layout.staging, `${name}${goneEnding}`));
  }
  for (const name of await disk.names(layout.staging)) {
    if (name.endsWith(goneEnding)) await disk.remove(join(layout.staging, name));
  }
}

/** The change time, which a fingerprint ends with. */
function ageOf(fingerprint: string): number {
  return Number(fingerprint.slice(fingerprint.lastIndexOf(":") + 1));
}
