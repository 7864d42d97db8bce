// The policy of the environment: read one after the other, verified, kept, and obeyed whatever the index says.
import {
  administratorsOf,
  approvalPath,
  differentKeys,
  type FirstTrust,
  needsApproval,
  openEnvelope,
  openNextPolicy,
  type Policy,
  type PublicKey,
  parsePublicKey,
  publicKeyLine,
  settingsDigest,
  whyForbidden,
} from "@stoa/deployment";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Clock } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import type { DocumentSource } from "../domain/document-source.ts";
import type { Machine, Trust } from "../domain/machine.ts";

/** What following a policy needs. */
export interface PolicyParts {
  readonly source: DocumentSource;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly trust: Trust;
  /** Where the newest policy is kept. */
  readonly policyPath: string;
  /** Records what holds from now on, in one sentence. */
  readonly note: (sentence: string) => void;
}

/** What is about to run. */
interface AdmittedRevision {
  readonly revision: string;
  /** As the index has them, sealed. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A policy as it is kept, with whom it was believed from. */
interface Kept {
  readonly format: 1;
  readonly administrators: readonly string[];
  readonly quorum: number;
  readonly envelope: string;
}

/**
 * What this machine may begin to run. The newest policy survives the agent, its serial never goes back, and the next one counts
 * only if the administrators have signed it whom this one names. A machine that was told a policy's keys when it joined
 * begins with the first policy that these have signed, and runs nothing new before.
 */
export class FollowedPolicy {
  readonly #parts: PolicyParts;
  #policy: Policy | undefined;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  /** Takes up the policy that was kept. */
  async open(): Promise<void> {
    const { disk, policyPath, machine } = this.#parts;
    const bytes = await disk.read(policyPath);
    if (bytes === undefined) return;
    const opened = openKept(Buffer.from(bytes).toString(), machine.environment);
    if (typeof opened === "string") {
      throw new AgentFailure(
        "refused_document",
        `${policyPath} is refused: ${opened}; restore it, or remove it if the machine shall forget which policies it has seen`,
      );
    }
    this.#policy = opened;
  }

  /** Whose signatures count under an index. */
  get trust(): FirstTrust {
    if (this.#policy === undefined) return this.#parts.trust;
    return { keys: differentKeys(this.#policy.keys), threshold: this.#policy.threshold };
  }

  /** 0 before the first. */
  get serial(): number {
    return this.#policy?.serial ?? 0;
  }

  /**
   * Reads every policy up to the one with this serial. Fails with `source_unavailable` or `refused_document`; what was taken until
   * then holds.
   */
  async follow(newest: number, signal?: AbortSignal): Promise<void> {
    const { source, machine } = this.#parts;
    for (let serial = this.serial + 1; serial <= newest; serial++) {
      const path = `environments/${machine.environment}/policy/${serial}.json`;
      const read = await source.read(path, undefined, signal);
      if (read.status !== "read") {
        throw new AgentFailure(
          "refused_document",
          `the index of ${machine.environment} names a policy with the serial ${newest}, and ${path} is not there`,
        );
      }
      await this.#take(read.body, serial);
    }
  }

  /**
   * Resolves if the machine may begin to run a revision with these settings. Fails with `forbidden` and the sentence of the policy if not, and with
   * `source_unavailable` if nobody knows whether it is approved.
   */
  async admit(service: string, wanted: AdmittedRevision, signal?: AbortSignal): Promise<void> {
    const { source, clock, machine, trust } = this.#parts;
    const { environment } = machine;
    if (this.#policy === undefined) {
      if (trust.policyKeys.length === 0) return;
      throw new AgentFailure(
        "forbidden",
        `this machine runs nothing new before it has a policy of ${environment} that ${namesOf(trust.policyKeys)} signed; an administrator makes one with stoa policy set FILE -e ${environment} --key FILE`,
      );
    }
    const { revision } = wanted;
    const settings = settingsDigest({ environment: wanted.settings });
    const path = approvalPath({ environment, service, revision, settings });
    const read = needsApproval(this.#policy, service)
      ? await source.read(path, undefined, signal)
      : undefined;
    const approval = read?.status === "read" ? read.body : undefined;
    const nowMs = clock.nowMs();
    const why = whyForbidden(this.#policy, { service, revision, settings, approval, nowMs });
    if (why !== undefined) throw new AgentFailure("forbidden", why);
  }

  async #take(envelope: string, serial: number): Promise<void> {
    const { disk, machine, trust, policyPath, note } = this.#parts;
    const { environment } = machine;
    const isPinned = trust.policyKeys.length > 0;
    const first = isPinned ? { keys: trust.policyKeys, threshold: 1 } : trust;
    const before = this.#policy;
    const opened = openNextPolicy(envelope, { environment, before, first, serial });
    if ("refused" in opened) {
      // Those before the first that the known keys have signed are nothing to this machine.
      if (before === undefined && isPinned && opened.why === "signature") return;
      throw new AgentFailure("refused_document", opened.refused);
    }
    const believed = before === undefined ? first : administratorsOf(before);
    const kept: Kept = {
      format: 1,
      administrators: believed.keys.map(publicKeyLine),
      quorum: believed.threshold,
      envelope,
    };
    await disk.replace(policyPath, `${JSON.stringify(kept)}\n`, 0o600);
    this.#policy = opened.document;
    const { freeze } = opened.document;
    const frozen = freeze === undefined ? "" : `; frozen: ${freeze.reason}`;
    note(`the policy of ${environment} with the serial ${serial} holds${frozen}`);
  }
}

/** The policy, or why it is none. */
function openKept(text: string, environment: string): Policy | string {
  try {
    const { administrators, quorum, envelope } = JSON.parse(text) as Kept;
    const keys = administrators.map((line) => parsePublicKey(line));
    const opened = openEnvelope(envelope, {
      kind: "policy",
      keys,
      threshold: quorum,
      environment,
      nowMs: 0,
    });
    return "refused" in opened ? opened.refused : opened.document;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

function namesOf(keys: readonly PublicKey[]): string {
  return keys.map(({ id }) => id).join(" or ");
}
