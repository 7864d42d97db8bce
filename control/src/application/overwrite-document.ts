// Writes a document whatever was there before, in a store that may say for a while what was there before that.
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";

/** How often somebody else may have been faster, or the store behind, before it is given up. */
export const mostTries = 20;

/** Resolves when it is written. Fails with `store_unavailable` where the store goes on giving out what it does not hold. */
export async function overwrite(tree: DocumentTree, path: string, text: string): Promise<void> {
  for (let tried = 0; tried < mostTries; tried++) {
    const stored = await tree.read(path);
    const written =
      stored === undefined
        ? await tree.create(path, text)
        : await tree.replace(path, text, stored.etag);
    if (written !== undefined) return;
  }
  throw behind(path);
}

/** The failure for a document that is never as it was read. */
export function behind(path: string): ControlFailure {
  return new ControlFailure(
    "store_unavailable",
    `${path} is never as it was read: the store of documents is behind, or another control plane writes there; let one alone write, and try again`,
  );
}
