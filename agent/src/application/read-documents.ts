// The documents that say what this machine should run: read, verified, and only then believed and kept.
import { join } from "node:path";
import {
  type EnvironmentIndex,
  type FirstTrust,
  type Opened,
  openEnvelope,
  type Revision,
  revisionId,
  shortId,
} from "@stoa/deployment";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Clock } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import type { DocumentSource } from "../domain/document-source.ts";
import type { Machine, Trust } from "../domain/machine.ts";
import type { FollowedPolicy } from "./follow-policy.ts";

/** What reading documents needs. */
export interface DocumentParts {
  readonly source: DocumentSource;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly trust: Trust;
  readonly policy: FollowedPolicy;
  /** Where the newest index is kept. */
  readonly indexPath: string;
  /** Where a revision of a service is kept. */
  readonly revisionPath: (service: string, id: string) => string;
}

/** Reads the documents of one environment. The highest serial that was ever taken survives the agent. */
export class Documents {
  readonly #parts: DocumentParts;
  #index: Opened<"environment"> | undefined;
  #etag: string | undefined;
  readonly #revisions = new Map<string, Revision>();

  constructor(parts: DocumentParts) {
    this.#parts = parts;
  }

  /** Takes up the index that was kept. One that has expired meanwhile still says what ran. */
  async open(): Promise<void> {
    const { disk, indexPath, policy, trust } = this.#parts;
    await policy.open();
    const bytes = await disk.read(indexPath);
    if (bytes === undefined) return;
    // It may be older than a policy that names other keys.
    const known = { keys: [...trust.keys, ...policy.trust.keys], threshold: 1 };
    const opened = this.#openIndex(Buffer.from(bytes).toString(), 0, known);
    if ("refused" in opened) {
      throw new AgentFailure(
        "refused_document",
        `${indexPath} is refused: ${opened.refused}; restore it, or remove it if the machine shall forget which serials it has seen`,
      );
    }
    this.#index = opened;
  }

  /** The newest index that was believed. */
  get index(): EnvironmentIndex | undefined {
    return this.#index?.document;
  }

  /** Asks for a newer index. Fails with `source_unavailable` or `refused_document`, and then everything stays as it was. */
  async refresh(signal?: AbortSignal): Promise<"same" | "newer"> {
    const { source, disk, clock, machine, policy, indexPath } = this.#parts;
    const path = `environments/${machine.environment}/index.json`;
    const read = await source.read(path, this.#etag, signal);
    if (read.status === "same") return "same";
    if (read.status === "absent") {
      if (this.#index === undefined) return "same";
      throw new AgentFailure(
        "refused_document",
        `${path} is gone, and an index does not go away; everything stays as it is`,
      );
    }
    await policy.follow(policyNamedIn(read.body), signal);
    const opened = this.#openIndex(read.body, clock.nowMs(), policy.trust);
    if ("refused" in opened) throw new AgentFailure("refused_document", opened.refused);
    if (opened.digest !== this.#index?.digest) {
      await disk.replace(indexPath, read.body, 0o600);
      this.#index = opened;
    }
    this.#etag = read.etag;
    return "newer";
  }

  /** A revision, from the disk if it was there before. Fails with `source_unavailable` or `refused_revision`. */
  async revision(service: string, id: string, signal?: AbortSignal): Promise<Revision> {
    const known = this.#revisions.get(id);
    if (known !== undefined) return known;
    const { source, disk, revisionPath } = this.#parts;
    const kept = await disk.read(revisionPath(service, id));
    if (kept !== undefined) {
      const revision = this.#checkRevision(Buffer.from(kept).toString(), service, id);
      if (typeof revision !== "string") return this.#remember(id, revision);
    }
    const read = await source.read(`revisions/${service}/${id}.json`, undefined, signal);
    if (read.status !== "read") {
      throw new AgentFailure(
        "refused_revision",
        `the store has no revision ${shortId(id)} of ${service}; deploy it again`,
      );
    }
    const revision = this.#checkRevision(read.body, service, id);
    if (typeof revision === "string") throw new AgentFailure("refused_revision", revision);
    await disk.replace(revisionPath(service, id), read.body);
    return this.#remember(id, revision);
  }

  #openIndex(
    text: string,
    nowMs: number,
    trust: FirstTrust,
  ): ReturnType<typeof openEnvelope<"environment">> {
    const { machine } = this.#parts;
    return openEnvelope(text, {
      kind: "environment",
      keys: trust.keys,
      threshold: trust.threshold,
      environment: machine.environment,
      nowMs,
      ...(this.#index === undefined
        ? {}
        : { lowestSerial: this.#index.serial, digestAtLowest: this.#index.digest }),
    });
  }

  /** The revision, or why it is none. */
  #checkRevision(text: string, service: string, id: string): Revision | string {
    const { trust, policy, clock } = this.#parts;
    const keys = [...trust.keys, ...policy.trust.keys];
    const opened = openEnvelope(text, { kind: "revision", keys, nowMs: clock.nowMs() });
    if ("refused" in opened) return opened.refused;
    const revision = opened.document;
    if (revision.service === service && revisionId(revision) === id) return revision;
    return `the document of revision ${shortId(id)} of ${service} describes another one; somebody has exchanged it`;
  }

  #remember(id: string, revision: Revision): Revision {
    if (this.#revisions.size >= mostRemembered) this.#revisions.clear();
    this.#revisions.set(id, revision);
    return revision;
  }
}

const mostRemembered = 64;

/**
 * Which policy an index names; 0 if none. Read before the signature is verified, because the policy says whose signature that
 * must be; policies are believed for their own signatures alone.
 */
function policyNamedIn(text: string): number {
  try {
    const { policy } = JSON.parse(JSON.parse(text).document);
    return Number.isSafeInteger(policy) ? policy : 0;
  } catch {
    return 0;
  }
}

/** Where a revision is kept on this machine. */
export function revisionPathIn(servicesFolder: string): DocumentParts["revisionPath"] {
  return (service, id) => join(servicesFolder, service, "revisions", `${id}.json`);
}
