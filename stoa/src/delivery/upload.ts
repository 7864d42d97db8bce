// Brings a revision to the control plane: only the contents that it lacks.
import { openAsBlob } from "node:fs";
import type { Revision } from "@stoa/deployment";
import type { ControlClient } from "./control-client.ts";
import type { BundleFile } from "./file-contents.ts";
import { say } from "./terminal.ts";

/** So many contents are sent at a time. */
const atOnce = 4;

/** Uploads what is missing, then the description. Repeating is fine. */
export async function uploadRevision(
  client: ControlClient,
  {
    id,
    revision,
    contents,
  }: { readonly id: string; readonly revision: Revision; readonly contents: readonly BundleFile[] },
): Promise<void> {
  const byDigest = new Map(contents.map((file) => [file.sha256, file]));
  const { sha256: missing } = await client.post<{ sha256: readonly string[] }>("/blobs/missing", {
    sha256: [...byDigest.keys()],
  });
  const files = missing.flatMap((sha256) => byDigest.get(sha256) ?? []);
  if (files.length > 0) say(`uploading ${countOf(files)}, ${megabytes(files)} MB`);
  const waiting = files.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const { sha256, place } of waiting) {
        await client.put(`/blobs/sha256/${sha256}`, await openAsBlob(place));
      }
    }),
  );
  await client.put(`/services/${revision.service}/revisions/${id}`, revision);
}

function megabytes(files: readonly BundleFile[]): string {
  return (files.reduce((sum, { size }) => sum + size, 0) / 1e6).toFixed(1);
}

function countOf({ length }: readonly unknown[]): string {
  return length === 1 ? "1 file" : `${length} files`;
}
