// The machines: how they join, what they say of themselves, whether they are still heard of.
import type { MachineStatus } from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { checkedName } from "../domain/names.ts";
import { News } from "../domain/news.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { Tokens } from "./keep-tokens.ts";
import { overwrite } from "./overwrite-document.ts";
import { checkPublicKey, openStatus, type SignedTree } from "./sign-documents.ts";

/** A machine as it joined. */
export interface MachineRecord {
  readonly format: 1;
  readonly machine: string;
  readonly environment: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly os: string;
  readonly arch: string;
  /** Its minisign public key; its statuses are signed with it. */
  readonly publicKey: string;
  readonly joinedAt: string;
}

/** A machine and the last that was heard of it. */
export interface KnownMachine {
  readonly record: MachineRecord;
  /** Absent until it has sent one. */
  readonly status: MachineStatus | undefined;
  /** When anything was last heard of it, in milliseconds since 1970; 0 if not since this process began. */
  readonly heardAt: number;
  /** The same, or when this process began if that is later: its own absence is not held against machines. */
  readonly lastSignMs: number;
  /** The address that its last report came from. */
  readonly host: string | undefined;
  readonly reachable: boolean;
}

/** What a machine says when it joins. */
export type JoinRequest = Pick<MachineRecord, "machine" | "tags" | "os" | "arch" | "publicKey"> & {
  readonly token: string;
};

/** A machine that was not heard of for so long counts as unreachable. */
const silenceMs = 30_000;

/** The machines of all environments. Changes of any are published as the machine's name. */
export class Machines {
  readonly news = new News<string>();
  readonly #tree: DocumentTree;
  readonly #documents: SignedTree;
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  readonly #records = new Map<string, MachineRecord>();
  readonly #statuses = new Map<string, MachineStatus>();
  readonly #heard = new Map<string, { readonly at: number; readonly host: string | undefined }>();
  readonly #startedAt: number;

  constructor(tree: DocumentTree, documents: SignedTree, tokens: Tokens, clock: Clock) {
    this.#tree = tree;
    this.#documents = documents;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Reads what is kept. */
  async load(): Promise<void> {
    for (const path of await this.#tree.list("machines")) {
      if (path.endsWith("/machine.json")) await this.#loadRecord(path);
    }
    for (const { machine, publicKey } of this.#records.values()) {
      const stored = await this.#tree.read(treePaths.status(machine));
      if (stored === undefined) continue;
      this.#statuses.set(machine, openStatus(stored.text, publicKey, this.#clock.now()));
    }
  }

  /**
   * Takes a machine in. The same machine with the same key may come again and gets a new token; a name that belongs to
   * another key is refused.
   */
  async join(
    request: JoinRequest,
    host: string | undefined,
  ): Promise<{ readonly record: MachineRecord; readonly token: string }> {
    const allowed = await this.#tokens.joinOf(request.token);
    const machine = checkedName(request.machine, "a machine");
    checkPublicKey(request.publicKey);
    const known = this.#records.get(machine);
    if (known !== undefined && known.publicKey !== request.publicKey) {
      throw new ControlFailure(
        "conflict",
        `a machine ${machine} with another key has joined before; give this one another name, or remove the old: stoa machines remove ${machine}`,
      );
    }
    if (known !== undefined && known.environment !== allowed.environment) {
      throw new ControlFailure(
        "conflict",
        `${machine} belongs to ${known.environment}, and this join token is for ${allowed.environment}; to move it, first: stoa machines remove ${machine}`,
      );
    }
    const record: MachineRecord = {
      format: 1,
      machine,
      environment: allowed.environment,
      tags: { ...request.tags, ...allowed.tags },
      os: request.os,
      arch: request.arch,
      publicKey: request.publicKey,
      joinedAt: isoTime(this.#clock.now()),
    };
    await this.#documents.writeRecord(treePaths.machine(machine), "machine", record);
    this.#records.set(machine, record);
    const { token } = await this.#tokens.make({
      kind: "machine",
      name: machine,
      environment: record.environment,
    });
    this.heard(machine, host);
    this.news.publish(machine);
    return { record, token };
  }

  /** Takes a status, an envelope that the machine has signed. Older ones than the last are refused. */
  async report(machine: string, envelope: string, host: string | undefined): Promise<void> {
    const { record } = this.get(machine);
    const status = openStatus(envelope, record.publicKey, this.#clock.now());
    if (status.machine !== machine) {
      throw new ControlFailure(
        "bad_request",
        `the status is of ${status.machine}, not of ${machine}`,
      );
    }
    this.heard(machine, host);
    const before = this.#statuses.get(machine);
    if (before !== undefined && status.seenSerial < before.seenSerial) {
      throw new ControlFailure(
        "conflict",
        `${machine} had seen serial ${before.seenSerial} before and now says ${status.seenSerial}; its trust.json went back`,
      );
    }
    this.#statuses.set(machine, status);
    if (before === undefined || isNews(before, status)) {
      await overwrite(this.#tree, treePaths.status(machine), envelope);
      this.news.publish(machine);
    }
  }

  /** The machine has just been heard of. */
  heard(machine: string, host: string | undefined): void {
    const before = this.#heard.get(machine);
    this.#heard.set(machine, { at: this.#clock.now(), host: host ?? before?.host });
  }

  /** Fails with `not_found`. */
  get(machine: string): KnownMachine {
    const known = this.find(machine);
    if (known !== undefined) return known;
    throw new ControlFailure(
      "not_found",
      `no machine ${machine} has joined; stoa machines shows all`,
    );
  }

  find(machine: string): KnownMachine | undefined {
    const record = this.#records.get(machine);
    if (record === undefined) return undefined;
    const heard = this.#heard.get(machine);
    const lastSignMs = heard?.at ?? this.#startedAt;
    return {
      record,
      status: this.#statuses.get(machine),
      heardAt: heard?.at ?? 0,
      host: heard?.host,
      lastSignMs,
      reachable: this.#clock.now() - lastSignMs < silenceMs,
    };
  }

  /** The machines of an environment, or all, in the order of their names. */
  list(environment?: string): readonly KnownMachine[] {
    return [...this.#records.values()]
      .filter((record) => environment === undefined || record.environment === environment)
      .toSorted((one, other) => (one.machine < other.machine ? -1 : 1))
      .flatMap(({ machine }) => this.find(machine) ?? []);
  }

  /** Forgets a machine and revokes its tokens; what runs on it keeps running. */
  async remove(machine: string): Promise<void> {
    this.get(machine);
    for (const { id, use } of await this.#tokens.list()) {
      if (use.kind === "machine" && use.name === machine) await this.#tokens.revoke(id);
    }
    await this.#tree.remove(treePaths.status(machine));
    await this.#tree.remove(treePaths.machine(machine));
    this.#records.delete(machine);
    this.#statuses.delete(machine);
    this.news.publish(machine);
  }

  async #loadRecord(path: string): Promise<void> {
    const record = await this.#documents.readRecord<MachineRecord>(path, "machine");
    if (record !== undefined) this.#records.set(record.machine, record);
  }
}

/** Whether anything but the time of the report has changed. */
function isNews(before: MachineStatus, after: MachineStatus): boolean {
  return JSON.stringify({ ...before, at: "" }) !== JSON.stringify({ ...after, at: "" });
}
