// A file of a version as an answer: from here, on its way, or at the storage itself.
import type { VersionFile } from "../application/read-version-file.ts";
import type { FileKind, StoredFile } from "../domain/module-store.ts";
import { type Answer, type AnswerBody, immutable, momentary } from "./answer.ts";

export const infoType = "application/json; charset=utf-8";

const contentTypes: Readonly<Record<FileKind, string>> = {
  info: infoType,
  mod: "text/plain; charset=utf-8",
  zip: "application/zip",
};

/** A file that is kept, or has just been fetched. */
export async function versionFile(file: VersionFile, kind: FileKind): Promise<Answer> {
  return {
    body: await bodyOf(file, kind),
    contentType: contentTypes[kind],
    freshness: immutable,
    cache: file.from === undefined ? "hit" : "miss",
    from: file.from,
  };
}

/** Whoever has the URL can read the zip, so nobody in between is to remember it. */
export function zipElsewhere(location: string): Answer {
  return {
    body: { form: "redirect", location, status: 302 },
    contentType: contentTypes.zip,
    freshness: momentary,
    cache: "hit",
    from: undefined,
  };
}

/** Small files are read whole: they are answered from memory from then on. */
async function bodyOf(file: VersionFile, kind: FileKind): Promise<AnswerBody> {
  if (file.form !== "stored" || kind === "zip") return file;
  return { form: "bytes", bytes: await readWhole(file.file) };
}

async function readWhole(stored: StoredFile): Promise<Uint8Array> {
  await using file = stored;
  const bytes = new Uint8Array(file.size);
  const length = await file.read(0, bytes);
  return bytes.subarray(0, length);
}
