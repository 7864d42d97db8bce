// What machines are asked to sign when they join: new every time, good once, and not for long.
import { randomBytes } from "node:crypto";
import { type JoinStatement, parsePublicKey, provesJoin, sha256Hex } from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";

/** What a machine that joins must sign. */
export interface JoinChallenge {
  readonly challenge: string;
  /** Now, by this server's clock: the machine's own may be wrong. */
  readonly at: string;
}

/** What a machine says that has signed. */
export type ProvenJoin = Omit<JoinStatement, "at" | "environment" | "tokenSha256"> & {
  readonly token: string;
  readonly publicKey: string;
  readonly proof: string;
};

/** How long one counts. */
const lifetimeMs = 60_000;
/** So many are open at most; the oldest makes room. Only who has a join token gets any. */
const mostOpen = 1_000;

/** The challenges that were given out and not met. They are kept in memory: after a restart the machine asks again. */
export class JoinChallenges {
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #open = new Map<string, JoinChallenge & { readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  make(): JoinChallenge {
    const challenge = randomBytes(32).toString("base64url");
    const at = isoTime(this.#clock.now());
    this.#open.set(challenge, { challenge, at, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    const [oldest] = this.#open.keys();
    if (this.#open.size > mostOpen && oldest !== undefined) this.#open.delete(oldest);
    return { challenge, at };
  }

  /** Fails unless the machine holds the key it registers, and says so for this challenge, which counts no more. */
  meet({ token, publicKey, proof, ...said }: ProvenJoin, environment: string): void {
    const { challenge, machine } = said;
    const open = this.#open.get(challenge);
    this.#open.delete(challenge);
    if (open === undefined || open.untilMs <= this.#clock.monotonicMs()) {
      throw new ControlFailure(
        "conflict",
        `what ${machine} has signed to join was not asked for, or longer ago than a minute; join again`,
      );
    }
    const statement = { ...said, environment, tokenSha256: sha256Hex(token), at: open.at };
    if (provesJoin(statement, proof, parsePublicKey(publicKey))) return;
    throw new ControlFailure(
      "forbidden",
      `${machine} has not proven that it holds the key that it registers; join from the machine itself, with a stoa of this server's version`,
    );
  }
}
