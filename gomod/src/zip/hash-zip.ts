// The h1: hash of any zip archive.
import { hashRawFiles, type RawHashedFile } from "../directory-hash.ts";
import type { ByteSource } from "./byte-source.ts";
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
  const files: RawHashedFile[] = [];
  for (const entry of inOrderOfPlace(lastOfEachName)) {
    const { rawName } = entry;
    const sha256 = await contents.sha256(contents.locate(entry));
    for (const _ of namesakes.get(rawName) ?? []) files.push({ rawName, sha256 });
  }
  return hashRawFiles(files);
}
