// The h1: hash of any zip archive.
import { hashRawFiles } from "../directory-hash.ts";
import type { ByteSource } from "./byte-source.ts";
import { hashEntries } from "./entry-hashes.ts";
import { inOrderOfPlace, ZipContents } from "./zip-content.ts";
import { readZipDirectory } from "./zip-directory.ts";

/**
 * The hash of an archive, be it a module zip or not: names and contents count, the encoding does not. Directory entries
 * count as empty files. Of several entries of one name the last one counts, as often as the name occurs. Throws
 * `InvalidText` where Go gives no hash. There is no limit to what is unpacked: archives from elsewhere are for
 * `checkModuleZip`. Authority: golang.org/x/mod/sumdb/dirhash.HashZip.
 */
export async function hashZip(source: ByteSource): Promise<string> {
  const { entries } = readZipDirectory(source);
  const namesakes = Map.groupBy(entries, (entry) => entry.rawName);
  const lastOfEachName = new Map(entries.map((entry) => [entry.rawName, entry])).values();

  const contents = new ZipContents(source);
  const located = inOrderOfPlace(lastOfEachName)
    .values()
    .map((entry) => contents.locate(entry));
  const files = await hashEntries(contents, located);
  return hashRawFiles(files.flatMap((file) => (namesakes.get(file.rawName) ?? []).map(() => file)));
}
