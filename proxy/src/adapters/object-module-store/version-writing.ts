// How a version comes into a bucket: its info last.
import { createHash } from "node:crypto";
import type { LabelledHead, LabellingBlobStore, Labels } from "@stoa/blobs";
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind, StagedZip } from "../../domain/module-store.ts";
import type { ObjectLayout } from "./object-layout.ts";
import type { VersionClaims } from "./version-claims.ts";
import { isWhole, type VersionObjects, type WholeObjects } from "./whole-objects.ts";

const pieceBytes = 1 << 20;

/** As Athens sends them. Authority: gomods/athens, pkg/storage/s3. */
const contentTypes: Readonly<Record<FileKind, string>> = {
  info: "application/json",
  mod: "text/plain",
  zip: "application/octet-stream",
};

/** What a version is made of. */
export interface ArrivedVersion {
  readonly module: ModuleVersion;
  readonly info: Uint8Array;
  readonly mod: Uint8Array;
  readonly zip: StagedZip;
}

export interface VersionWritingParts {
  readonly store: LabellingBlobStore;
  readonly layout: ObjectLayout;
  readonly whole: WholeObjects;
  readonly claims: VersionClaims;
}

/**
 *     claim ─▶ look ─▶ whole? ── yes ──────────────────────────────────────────────▶ occupied
 *                       no ── info there? spoil it ─▶ zip, mod ─▶ info ─▶ placed
 *
 * Every object is written on the condition that it is still as it was seen (create-only or compare-and-swap). If one is
 * not, somebody was at it who is not kept away by claims, such as Athens or a holder taken for dead: everything is looked
 * at again. A crash leaves a version without its info, or with an empty one, which is absent to all.
 */
export class VersionWriting {
  readonly #parts: VersionWritingParts;

  constructor(parts: VersionWritingParts) {
    this.#parts = parts;
  }

  /** Says `placed` when the version is there, made of these files; `occupied` if it was whole before. */
  async place(arrived: ArrivedVersion): Promise<"placed" | "occupied"> {
    const { whole, claims } = this.#parts;
    if (isWhole(await whole.look(arrived.module))) return "occupied";
    const zipSha256 = await sha256Of(arrived.zip);
    return claims.during(arrived.module, async (signal) => {
      for (;;) {
        const seen = await whole.look(arrived.module);
        if (isWhole(seen)) return "occupied";
        if (await this.#write(arrived, zipSha256, seen, signal)) return "placed";
      }
    });
  }

  /** Says whether everything was as it was seen. */
  async #write(
    arrived: ArrivedVersion,
    zipSha256: string,
    seen: VersionObjects,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { module, info, mod, zip } = arrived;
    const put = (
      kind: FileKind,
      body: Parameters<LabellingBlobStore["put"]>[1],
      more: PutDetails,
    ) => {
      signal.throwIfAborted();
      const key = this.#parts.layout.key(module, kind);
      const when = conditionOf(more.seen);
      const { labels, sha256 } = more;
      const options = { when, contentType: contentTypes[kind], sha256, ...(labels && { labels }) };
      return this.#parts.store.put(key, body, options, signal);
    };

    let infoTag = seen.info?.tag;
    if (seen.info !== undefined && seen.info.size > 0) {
      infoTag = await put("info", new Uint8Array(), { seen: seen.info });
      if (infoTag === undefined) return false;
    }
    const labels = { started: zip.started.toISOString() };
    const tags = await Promise.all([
      put("zip", piecesOf(zip), { seen: seen.zip, labels, sha256: zipSha256 }),
      put("mod", mod, { seen: seen.mod }),
    ]);
    if (tags.includes(undefined)) return false;
    const spoilt = infoTag === undefined ? undefined : { tag: infoTag };
    return (await put("info", info, { seen: spoilt })) !== undefined;
  }
}

interface PutDetails {
  readonly seen: Pick<LabelledHead, "tag"> | undefined;
  readonly labels?: Labels;
  readonly sha256?: string;
}

function conditionOf(seen: Pick<LabelledHead, "tag"> | undefined): "absent" | { tag: string } {
  return seen === undefined ? "absent" : { tag: seen.tag };
}

async function sha256Of(zip: StagedZip): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(1, zip.size)));
  for (let position = 0; position < zip.size; ) {
    const count = await zip.read(position, buffer);
    hash.update(buffer.subarray(0, count));
    position += count;
  }
  return hash.digest("hex");
}

async function* piecesOf(zip: StagedZip): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < zip.size; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, zip.size - position));
    const count = await zip.read(position, piece);
    yield piece.subarray(0, count);
    position += count;
  }
}
