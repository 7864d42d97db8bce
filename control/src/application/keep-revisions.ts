// Revisions: accepted when they are whole, kept for ever the same.
import { parseRevision, type Revision, revisionId } from "@stoa/deployment";
import type { BlobShelf } from "../domain/blob-shelf.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { checkedName } from "../domain/names.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { type SignedTree, tampered } from "./sign-documents.ts";

/** A revision that is kept. */
export interface KeptRevision {
  readonly id: string;
  readonly revision: Revision;
}

/** The revisions of all services. */
export class Revisions {
  readonly #tree: DocumentTree;
  readonly #blobs: BlobShelf;
  readonly #documents: SignedTree;

  constructor(tree: DocumentTree, blobs: BlobShelf, documents: SignedTree) {
    this.#tree = tree;
    this.#blobs = blobs;
    this.#documents = documents;
  }

  /** Which of these contents are not kept yet. */
  async missing(digests: readonly string[]): Promise<readonly string[]> {
    const kept = await inParallel(digests, (sha256) => this.#blobs.has(sha256));
    return digests.filter((_, at) => kept[at] !== true);
  }

  /** Keeps a revision whose contents are all there. Fails if it is not what its id says. Repeating is fine. */
  async put(service: string, id: string, document: unknown): Promise<"new" | "known"> {
    const revision = parsed(document);
    if (revision.service !== checkedName(service, "a service")) {
      throw new ControlFailure(
        "bad_request",
        `the revision is of ${revision.service}, not of ${service}`,
      );
    }
    const found = revisionId(revision);
    if (found !== id) {
      throw new ControlFailure("digest_mismatch", `the revision sent as ${id} is ${found}`);
    }
    const missing = await this.missing(revision.files.map(({ sha256 }) => sha256));
    const [first] = missing;
    if (first !== undefined) {
      throw new ControlFailure(
        "conflict",
        `${missing.length} contents of the revision are not here, such as sha256:${first}; send them first`,
      );
    }
    const path = treePaths.revision(service, id);
    const created = await this.#documents.create(path, "revision", revision);
    return created === undefined ? "known" : "new";
  }

  /** Fails with `not_found`. `id` may be the beginning of one, of eight digits at least. */
  async get(service: string, id: string): Promise<KeptRevision> {
    const whole = id.length === 64 ? id : await this.#expand(service, id);
    const path = treePaths.revision(service, whole);
    const stored = await this.#documents.read(path, "revision");
    if (stored === undefined) throw unknownRevision(service, id);
    const { document: revision } = stored;
    if (revision.service !== service || revisionId(revision) !== whole) {
      throw tampered(path, "it describes another revision");
    }
    return { id: whole, revision };
  }

  /** The ids of a service's revisions. */
  async list(service: string): Promise<readonly string[]> {
    const paths = await this.#tree.list(`revisions/${checkedName(service, "a service")}`);
    return paths.flatMap((path) => /([0-9a-f]{64})\.json$/.exec(path)?.[1] ?? []);
  }

  async #expand(service: string, start: string): Promise<string> {
    if (!/^[0-9a-f]{8,63}$/.test(start)) throw unknownRevision(service, start);
    const found = (await this.list(service)).filter((id) => id.startsWith(start));
    const [id] = found;
    if (id === undefined || found.length > 1) throw unknownRevision(service, start);
    return id;
  }
}

function parsed(document: unknown): Revision {
  try {
    return parseRevision(document);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ControlFailure("bad_request", `the revision is not accepted: ${reason}`, { cause });
  }
}

function unknownRevision(service: string, id: string): ControlFailure {
  return new ControlFailure(
    "not_found",
    `${service} has no single revision ${id}; stoa history ${service} shows all`,
  );
}
