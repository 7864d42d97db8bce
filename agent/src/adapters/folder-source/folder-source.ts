// The document tree in a folder: of this machine, or mounted.
import type { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Disk } from "../../domain/disk.ts";
import type { DocumentRead, DocumentSource, StatusSink } from "../../domain/document-source.ts";

const mostDocumentBytes = 16 << 20;

/** Reads a tree of files; reports go into it as well. */
export function folderSource(root: string, disk: Disk): DocumentSource & StatusSink {
  return {
    read: async (path, ifNoneMatch) =>
      (await reading<DocumentRead>(root, path, async (file) => {
        await using handle = await open(file);
        const { ino, size, mtimeNs } = await handle.stat({ bigint: true });
        const etag = `"${ino}-${size}-${mtimeNs}"`;
        if (etag === ifNoneMatch) return { status: "same" };
        if (size > mostDocumentBytes) throw new Error("it is too large for a document");
        return { status: "read", body: await handle.readFile("utf8"), etag };
      })) ?? { status: "absent" },
    open: (path, signal) =>
      reading(root, path, async (file) => {
        const handle = await open(file);
        return translated(file, handle.createReadStream({ signal }));
      }),
    report: async (machine, status) => {
      try {
        await disk.replace(join(root, "machines", machine, "status.json"), status);
      } catch (cause) {
        throw unavailable(root, cause);
      }
    },
  };
}

/** Without the root there is nothing to be known; a missing file below it is absent. */
async function reading<T>(
  root: string,
  path: string,
  action: (file: string) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action(join(root, path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" && (await exists(root))) return undefined;
    throw unavailable(join(root, path), cause);
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await using _ = await open(folder);
    return true;
  } catch {
    return false;
  }
}

async function* translated(
  file: string,
  chunks: ReturnType<typeof createReadStream>,
): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of chunks) yield chunk as Uint8Array;
  } catch (cause) {
    throw unavailable(file, cause);
  }
}

function unavailable(file: string, cause: unknown): AgentFailure {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AgentFailure("source_unavailable", `${file} cannot be read: ${why}`, cause);
}
