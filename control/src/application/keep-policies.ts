// Policies: changed under their administrators' signatures, and kept one after the other.
import {
  canonicalJson,
  DocumentProblem,
  differentKeys,
  openNextPolicy,
  type Policy,
  publicKeyLine,
  type SecretKey,
  sealEnvelope,
} from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { changedPolicy, type PolicyChange } from "../domain/policy-change.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { type Environments, unknownEnvironment } from "./change-environments.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import type { AuditLog } from "./record-audit.ts";

/** What policies are kept with. */
export interface PolicyParts {
  readonly tree: DocumentTree;
  readonly environments: Environments;
  readonly rollouts: Rollouts;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Signs the first policy of an environment, and those after it until other administrators are named. */
  readonly key: SecretKey;
}

/** A policy as it is kept. */
export interface KeptPolicy {
  readonly policy: Policy;
  /** The envelope. */
  readonly text: string;
  /** The ids of the keys that have signed it and count. */
  readonly signers: readonly string[];
}

/** What is asked of a policy. */
export interface PolicyWish {
  readonly environment: string;
  /** The serial of the policy that whoever asks has seen; 0 for none. */
  readonly serial: number;
  readonly change: PolicyChange;
  readonly by: string;
  readonly reason: string;
}

/** What the audit log is told of a new policy. */
interface Said {
  readonly by: string;
  readonly reason: string;
  /** Such as `policy.freeze`. */
  readonly action: string;
}

/** So many revisions that once held can be gone back to during a freeze, for each service. */
const rollbackTargets = 10;

/**
 * The policies of all environments. Each is written once, under the next serial, and never again; who comes second is told
 * so. The index names the newest afterwards, which is how machines hear of it.
 */
export class Policies {
  readonly #parts: PolicyParts;
  readonly #known = new Map<string, KeptPolicy>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  /** The one that holds; undefined if there never was one. A row that has lost its end is a failure, not absence. */
  async current(environment: string): Promise<KeptPolicy | undefined> {
    const index = await this.#parts.environments.read(environment);
    if (index === undefined) throw unknownEnvironment(environment);
    const known = await this.#newest(environment);
    const serial = known?.policy.serial ?? 0;
    const named = index.policy ?? 0;
    if (named > serial) {
      throw new ControlFailure(
        "store_unavailable",
        `${environment} has a policy with the serial ${named}, and ${treePaths.policy(environment, serial + 1)} is gone; restore it, nothing is deployed there before`,
      );
    }
    // Whoever wrote it may have been killed before the index named it.
    if (named < serial) await this.#parts.environments.follow(environment, serial);
    return known;
  }

  /**
   * The policy after a change as an envelope, signed by the server if that is an administrator. Fails with `conflict` if
   * another policy holds by now than whoever asks has seen.
   */
  async draft({ environment, serial, change, by, reason }: PolicyWish): Promise<string> {
    const { clock, key } = this.#parts;
    const present = (await this.current(environment))?.policy;
    if (serial !== (present?.serial ?? 0)) throw overtaken(environment);
    const next = changedPolicy(present, change, {
      environment,
      serverKey: publicKeyLine(key),
      runs: await this.#runs(environment),
      by,
      reason,
      nowMs: clock.now(),
    });
    const signs = present === undefined || isAmong(key, present.administrators);
    try {
      return sealEnvelope("policy", next, signs ? [key] : []);
    } catch (cause) {
      if (!(cause instanceof DocumentProblem)) throw cause;
      throw new ControlFailure("bad_request", cause.message, { cause });
    }
  }

  /** Puts a policy in force that enough administrators have signed. */
  async publish(environment: string, envelope: string, said: Said): Promise<KeptPolicy> {
    const { tree, audit, environments } = this.#parts;
    const present = (await this.current(environment))?.policy;
    const next = this.#checked(environment, envelope, present);
    const { serial } = next.policy;
    await audit.record(said.by, said.action, environment, {
      serial,
      signers: next.signers.join(","),
      reason: said.reason,
      ...overrideIn(next.policy, present),
    });
    const created = await tree.create(treePaths.policy(environment, serial), next.text);
    if (created === undefined) throw overtaken(environment);
    this.#known.set(environment, next);
    await environments.follow(environment, serial);
    return next;
  }

  /** Renews the policies that the server may sign alone and that have lived for half of their time. */
  async renew(): Promise<void> {
    const { environments, clock, key } = this.#parts;
    for (const environment of await environments.list()) {
      const policy = (await this.current(environment))?.policy;
      if (policy === undefined || policy.quorum > 1) continue;
      if (!isAmong(key, policy.administrators)) continue;
      const [from, to] = [Date.parse(policy.issuedAt), Date.parse(policy.notAfter)];
      if (clock.now() < from + (to - from) / 2) continue;
      const { serial } = policy;
      const said = { by: "stoa", reason: "it grew old" };
      const draft = await this.draft({ environment, serial, change: { kind: "renew" }, ...said });
      await this.publish(environment, draft, { ...said, action: "policy.renew" });
    }
  }

  async #newest(environment: string): Promise<KeptPolicy | undefined> {
    const { tree } = this.#parts;
    if (!this.#known.has(environment)) {
      const count = (await tree.list(treePaths.policies(environment))).length;
      const serials = Array.from({ length: count }, (_, at) => at + 1);
      const texts = await inParallel(serials, (serial) =>
        tree.read(treePaths.policy(environment, serial)),
      );
      const gap = texts.indexOf(undefined);
      const whole = gap === -1 ? texts : texts.slice(0, gap);
      for (const [at, stored] of whole.entries()) this.#take(environment, at + 1, stored?.text);
    }
    for (;;) {
      const known = this.#known.get(environment);
      const serial = (known?.policy.serial ?? 0) + 1;
      const stored = await tree.read(treePaths.policy(environment, serial));
      if (stored === undefined) return known;
      this.#take(environment, serial, stored.text);
    }
  }

  /** A policy as it was found; nothing if another request has taken it meanwhile. */
  #take(environment: string, serial: number, text = ""): void {
    const before = this.#known.get(environment)?.policy;
    if ((before?.serial ?? 0) >= serial) return;
    const opened = this.#open(environment, text, before);
    if ("refused" in opened) {
      const path = treePaths.policy(environment, serial);
      throw new ControlFailure(
        "store_unavailable",
        `${path} does not count: ${opened.refused}; restore it, nothing is deployed to ${environment} before`,
      );
    }
    const { document: policy, signers } = opened;
    this.#known.set(environment, { policy, text, signers });
  }

  #open(environment: string, text: string, before: Policy | undefined) {
    const first = { keys: [this.#parts.key], threshold: 1 };
    const serial = (before?.serial ?? 0) + 1;
    return openNextPolicy(text, { environment, before, first, serial });
  }

  /** The policy, if it may follow and the control plane can go on under it. */
  #checked(environment: string, text: string, before: Policy | undefined): KeptPolicy {
    const opened = this.#open(environment, text, before);
    if ("refused" in opened) {
      if (opened.why === "serial") throw overtaken(environment);
      throw new ControlFailure("forbidden", `${opened.refused}; ${howToSign(environment, before)}`);
    }
    const { document: policy, signers } = opened;
    const now = this.#parts.clock.now();
    if (Date.parse(policy.notAfter) <= now) {
      throw new ControlFailure(
        "bad_request",
        `the policy would end at ${policy.notAfter}, and it is ${isoTime(now)}; make another one`,
      );
    }
    if (policy.threshold > 1 || !isAmong(this.#parts.key, policy.keys)) {
      throw new ControlFailure(
        "bad_request",
        `by this policy the server could not say any more what runs in ${environment}: its key must stand among keys, and threshold must be 1; stoa key prints it`,
      );
    }
    return { policy, text, signers };
  }

  /** What runs in an environment or held in it before, by service. */
  async #runs(environment: string): Promise<Readonly<Record<string, readonly string[]>>> {
    const { environments, rollouts } = this.#parts;
    const index = await environments.read(environment);
    return Object.fromEntries(
      Object.values(index?.services ?? {}).map(({ service, revision, previous, kept = {} }) => {
        const held = rollouts
          .list({ environment, service })
          .filter(({ rollout }) => rollout.state === "succeeded")
          .map(({ rollout }) => rollout.revision);
        const present = [revision, previous, ...Object.values(kept).map((one) => one.revision)];
        const targets = [...new Set(held)].slice(0, rollbackTargets);
        const all = [...present, ...targets].filter((id) => id !== undefined);
        return [service, [...new Set(all)]];
      }),
    );
  }
}

function isAmong(key: SecretKey, lines: readonly string[]): boolean {
  return differentKeys(lines).some((one) => one.key.equals(key.key));
}

/** What the audit log says about an override that is new in a policy. */
function overrideIn(next: Policy, before: Policy | undefined): Readonly<Record<string, string>> {
  const had = (before?.freeze?.overrides ?? []).map(canonicalJson);
  const made = next.freeze?.overrides.find((one) => !had.includes(canonicalJson(one)));
  return made === undefined ? {} : { service: made.service, revision: made.revision };
}

function overtaken(environment: string): ControlFailure {
  return new ControlFailure(
    "conflict",
    `the policy of ${environment} is another one by now; look at it (stoa policy -e ${environment}) and say it again`,
  );
}

function howToSign(environment: string, before: Policy | undefined): string {
  if (before === undefined) return "the server signs the first one";
  const ids = differentKeys(before.administrators).map(({ id }) => id);
  return `${before.quorum} of the administrators of ${environment} (${ids.join(", ")}) must sign it: add --key FILE`;
}
