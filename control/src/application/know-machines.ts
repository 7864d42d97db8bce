// The machines: which there are, what they say of themselves, whether they are still heard of.
import type { MachineStatus } from "@stoa/deployment";
import type { Clock } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { News } from "../domain/news.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { overwrite } from "./overwrite-document.ts";
import { openStatus, type SignedTree } from "./sign-documents.ts";

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
  /** `store`: it reads the store of documents itself, and says there how it is; absent: it asks this control plane. */
  readonly via?: "store";
}

/** A machine and the last that was heard of it. */
export interface KnownMachine {
  readonly record: MachineRecord;
  /** Absent until it has sent one. */
  readonly status: MachineStatus | undefined;
  /** When anything was last heard of it, in milliseconds since 1970; 0 if not since this process began. */
  readonly heardAt: number;
  /**
   * The same, or when this process began if that is later: its own absence is not held against machines that report to it. What
   * they write into the store is there all the same.
   */
  readonly lastSignMs: number;
  /** The address that its last report came from. */
  readonly host: string | undefined;
  readonly reachable: boolean;
}

/** A machine that was not heard of for so long counts as unreachable. */
const silenceMs = 30_000;

/** The machines of all environments. Changes of any are published as the machine's name. */
export class Machines {
  readonly news = new News<string>();
  readonly #tree: DocumentTree;
  readonly #documents: SignedTree;
  readonly #clock: Clock;
  readonly #records = new Map<string, MachineRecord>();
  readonly #statuses = new Map<string, MachineStatus>();
  readonly #heard = new Map<string, { readonly at: number; readonly host: string | undefined }>();
  /** What was last found in the store. */
  readonly #found = new Map<string, string>();
  #startedAt: number;

  constructor(tree: DocumentTree, documents: SignedTree, clock: Clock) {
    this.#tree = tree;
    this.#documents = documents;
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Reads what is kept. */
  async load(): Promise<void> {
    const paths = (await this.#tree.list("machines")).filter((path) =>
      path.endsWith("/machine.json"),
    );
    await inParallel(paths, (path) => this.#loadRecord(path));
    await inParallel([...this.#records.values()], (record) => this.#loadStatus(record));
  }

  /**
   * Takes what was found in the store. What is not signed by the machine, or is older than what it said before, is no sign of
   * it. Found for the first time, it counts from when the machine says it was written.
   */
  hearFromStore(machine: string, envelope: string): void {
    const record = this.#records.get(machine);
    if (record === undefined || this.#found.get(machine) === envelope) return;
    const isFirst = !this.#found.has(machine);
    this.#found.set(machine, envelope);
    const now = this.#clock.now();
    const status = statusIn(envelope, record, now);
    const before = this.#statuses.get(machine);
    if (status === undefined || (before !== undefined && isOlder(status, before))) return;
    this.#statuses.set(machine, status);
    this.#heard.set(machine, {
      at: isFirst ? Math.min(now, Date.parse(status.at)) : now,
      host: undefined,
    });
    this.news.publish(machine);
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

  /** The clock now says another time than has passed: nobody was silent because of that. */
  clockWasSet(byMs: number): void {
    this.#startedAt += byMs;
    for (const [machine, { at, host }] of this.#heard) {
      this.#heard.set(machine, { at: at + byMs, host });
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
    const lastSignMs = heard?.at ?? (record.via === "store" ? 0 : this.#startedAt);
    const status = this.#statuses.get(machine);
    const own = record.via === "store" && status !== undefined;
    return {
      record: own ? { ...record, tags: status.tags, arch: status.arch } : record,
      status,
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

  /** Resolves when the machine is known for good, also to the next process. */
  async keep(record: MachineRecord): Promise<void> {
    await this.#documents.writeRecord(treePaths.machine(record.machine), "machine", record);
    this.#records.set(record.machine, record);
  }

  /** From now on there is no such machine. */
  async forget(machine: string): Promise<void> {
    await this.#tree.remove(treePaths.status(machine));
    await this.#tree.remove(treePaths.machine(machine));
    this.#records.delete(machine);
    this.#statuses.delete(machine);
    this.#found.delete(machine);
    this.news.publish(machine);
  }

  async #loadRecord(path: string): Promise<void> {
    const record = await this.#documents.readRecord<MachineRecord>(path, "machine");
    if (record !== undefined) this.#records.set(record.machine, record);
  }

  /** One that does not hold is as good as none: the machine says it again. */
  async #loadStatus(record: MachineRecord): Promise<void> {
    const { machine } = record;
    const stored = await this.#tree.read(treePaths.status(machine));
    if (stored === undefined) return;
    const status = statusIn(stored.text, record, this.#clock.now());
    if (status !== undefined) this.#statuses.set(machine, status);
  }
}

/** What a machine has signed; undefined if it is not that. */
function statusIn(
  envelope: string,
  { machine, publicKey }: MachineRecord,
  nowMs: number,
): MachineStatus | undefined {
  try {
    const status = openStatus(envelope, publicKey, nowMs);
    return status.machine === machine ? status : undefined;
  } catch (failure) {
    if (failure instanceof ControlFailure) return undefined;
    throw failure;
  }
}

function isOlder(status: MachineStatus, before: MachineStatus): boolean {
  return status.seenSerial < before.seenSerial || Date.parse(status.at) < Date.parse(before.at);
}

/** Whether anything but the time of the report has changed. */
function isNews(before: MachineStatus, after: MachineStatus): boolean {
  return JSON.stringify({ ...before, at: "" }) !== JSON.stringify({ ...after, at: "" });
}
