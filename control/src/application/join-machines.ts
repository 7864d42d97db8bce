// How machines come and go: a name belongs to one key and one environment as long as it is known.
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { checkedName } from "../domain/names.ts";
import { type JoinChallenge, JoinChallenges, type ProvenJoin } from "./challenge-joins.ts";
import type { Tokens } from "./keep-tokens.ts";
import type { MachineRecord, Machines } from "./know-machines.ts";
import { checkPublicKey } from "./sign-documents.ts";

/** What is said of a machine that reads the store itself. Tags and architecture are its own as soon as it is heard. */
export type StoreMachine = Pick<
  MachineRecord,
  "machine" | "environment" | "tags" | "arch" | "publicKey"
>;

/** The coming and going of machines, one after the other: of two that want one name at once, one is refused. */
export class MachineJoins {
  readonly #machines: Machines;
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  readonly #challenges: JoinChallenges;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(machines: Machines, tokens: Tokens, clock: Clock) {
    this.#machines = machines;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#challenges = new JoinChallenges(clock);
  }

  /** What a machine with this join token has to sign, and which environment it would join. */
  async challenge(token: string): Promise<JoinChallenge & { readonly environment: string }> {
    const { environment } = await this.#tokens.joinOf(token);
    return { ...this.#challenges.make(), environment };
  }

  /**
   * Takes a machine in that proves to hold its key. The same machine with the same key may come again: it gets a new token, and
   * those it had before count no more. A name that belongs to another key is refused. `agreed` is called when nothing speaks
   * against it and before anything is changed.
   */
  async join(
    request: ProvenJoin,
    host: string | undefined,
    agreed: (record: MachineRecord) => Promise<void> = async () => undefined,
  ): Promise<{ readonly record: MachineRecord; readonly token: string }> {
    return await this.#inTurn(() => this.#join(request, host, agreed));
  }

  /**
   * Takes in a machine that never speaks to this control plane. Its name and key are what an administrator says; the same again
   * changes nothing.
   */
  async register(said: StoreMachine): Promise<MachineRecord> {
    return await this.#inTurn(() => this.#register(said));
  }

  /** Forgets a machine and revokes its tokens; what runs on it keeps running. */
  async remove(machine: string): Promise<void> {
    await this.#inTurn(() => this.#remove(machine));
  }

  async #join(
    request: ProvenJoin,
    host: string | undefined,
    agreed: (record: MachineRecord) => Promise<void>,
  ): Promise<{ readonly record: MachineRecord; readonly token: string }> {
    const allowed = await this.#tokens.joinOf(request.token);
    const machine = checkedName(request.machine, "a machine");
    checkPublicKey(request.publicKey);
    const { environment } = allowed;
    this.#challenges.meet(request, environment);
    this.#checkIdentity({ machine, publicKey: request.publicKey, environment });
    const record: MachineRecord = {
      format: 1,
      machine,
      environment,
      tags: { ...request.tags, ...allowed.tags },
      os: request.os,
      arch: request.arch,
      publicKey: request.publicKey,
      joinedAt: isoTime(this.#clock.now()),
    };
    await agreed(record);
    const before = await this.#tokensOf(machine);
    const { token } = await this.#tokens.make({ kind: "machine", name: machine, environment });
    await this.#machines.keep(record);
    for (const id of before) await this.#tokens.revoke(id);
    this.#machines.heard(machine, host);
    this.#machines.news.publish(machine);
    return { record, token };
  }

  async #register(said: StoreMachine): Promise<MachineRecord> {
    const machine = checkedName(said.machine, "a machine");
    checkPublicKey(said.publicKey);
    this.#checkIdentity({ ...said, machine });
    const record: MachineRecord = {
      format: 1,
      ...said,
      os: "linux",
      joinedAt: isoTime(this.#clock.now()),
      via: "store",
    };
    await this.#machines.keep(record);
    this.#machines.news.publish(machine);
    return record;
  }

  async #remove(machine: string): Promise<void> {
    this.#machines.get(machine);
    for (const id of await this.#tokensOf(machine)) await this.#tokens.revoke(id);
    await this.#machines.forget(machine);
  }

  /** The ids of a machine's own tokens. */
  async #tokensOf(machine: string): Promise<readonly string[]> {
    const tokens = await this.#tokens.list();
    return tokens
      .filter(({ use }) => use.kind === "machine" && use.name === machine)
      .map(({ id }) => id);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    return await turn;
  }

  /** A name that is known belongs to one key, and to one environment. */
  #checkIdentity({
    machine,
    publicKey,
    environment,
  }: Pick<MachineRecord, "machine" | "publicKey" | "environment">): void {
    const known = this.#machines.find(machine);
    if (known === undefined) return;
    const { record, reachable } = known;
    if (record.publicKey !== publicKey) {
      throw new ControlFailure(
        "conflict",
        `a machine ${machine} with another key has joined before${reachable ? " and is alive" : ""}; give this one another name, or remove the old: stoa machines remove ${machine}`,
      );
    }
    if (record.environment !== environment) {
      throw new ControlFailure(
        "conflict",
        `${machine} belongs to ${record.environment}, not to ${environment}; to move it, first: stoa machines remove ${machine}`,
      );
    }
  }
}
