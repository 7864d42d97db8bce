// The sizes of files in a repository.
import { DamagedRepository } from "../git/bare-repository.ts";
import type { MirrorView } from "../mirror/mirror-view.ts";

/** Each question takes some kilobytes until it is answered. */
const askedAtOnce = 500;

/** The sizes of files by their hashes, once all of them are here. Throws `DamagedRepository`. */
export async function fetchedSizes(
  { mirror, sight }: MirrorView,
  hashes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  const look = async (wanted: readonly string[]): Promise<readonly string[]> => {
    const missing: string[] = [];
    for (let at = 0; at < wanted.length; at += askedAtOnce) {
      const asked = wanted.slice(at, at + askedAtOnce);
      const heads = await Promise.all(asked.map((hash) => mirror.repository.objectHead(hash)));
      for (const [index, hash] of asked.entries()) {
        const head = heads[index];
        if (head === undefined) missing.push(hash);
        else sizes.set(hash, head.size);
      }
    }
    return missing;
  };
  const missing = await look([...hashes]);
  if (missing.length === 0) return sizes;
  await mirror.fetchObjects(missing, sight.reach, sight.signal);
  const [lost] = await look(missing);
  if (lost !== undefined) throw new DamagedRepository(`${lost} is missing`);
  return sizes;
}
