// Tokens: made, shown once, kept as hashes, recognised, revoked.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Principal, Role } from "../domain/access.ts";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { SignedTree } from "./sign-documents.ts";

/** What a token is for. */
export type TokenUse =
  | { readonly kind: "person"; readonly name: string; readonly role: Role }
  | {
      readonly kind: "join";
      readonly name: string;
      readonly environment: string;
      readonly tags: Readonly<Record<string, string>>;
    }
  | { readonly kind: "machine"; readonly name: string; readonly environment: string };

/** What is kept of a token: everything but the token. */
export interface TokenRecord {
  readonly format: 1;
  readonly id: string;
  readonly use: TokenUse;
  /** Hex SHA-256 of the whole token, which is random enough (256 bits) that no slow hash is needed. */
  readonly sha256: string;
  readonly madeAt: string;
  /** Absent: until it is revoked. */
  readonly notAfter?: string;
}

/** A new token, which is shown just now and never again. */
export interface MadeToken {
  readonly token: string;
  readonly record: TokenRecord;
}

const form = /^stoa_(admin|deploy|read|join|machine)_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The tokens of one control plane. What is kept of them is signed: whoever can write to the bucket has made no token by that. */
export class Tokens {
  readonly #tree: DocumentTree;
  readonly #documents: SignedTree;
  readonly #clock: Clock;
  /** What was read of the tree; tokens are looked at with every request. */
  readonly #known = new Map<string, TokenRecord>();

  constructor(tree: DocumentTree, documents: SignedTree, clock: Clock) {
    this.#tree = tree;
    this.#documents = documents;
    this.#clock = clock;
  }

  /** Makes a token; `lifetimeMs` absent means until it is revoked. */
  async make(use: TokenUse, lifetimeMs?: number): Promise<MadeToken> {
    const id = randomBytes(6).toString("hex");
    const word = use.kind === "person" ? use.role : use.kind;
    const token = `stoa_${word}_${id}_${randomBytes(32).toString("base64url")}`;
    const now = this.#clock.now();
    const record: TokenRecord = {
      format: 1,
      id,
      use,
      sha256: hashOf(token),
      madeAt: isoTime(now),
      ...(lifetimeMs === undefined ? {} : { notAfter: isoTime(now + lifetimeMs) }),
    };
    await this.#documents.createRecord(treePaths.token(id), "token", record, 0);
    this.#known.set(id, record);
    return { token, record };
  }

  /** Who a token belongs to. Fails with `unauthenticated` if it is unknown, revoked, expired, or of another kind. */
  async principalOf(token: string): Promise<Principal> {
    const { id, use } = await this.#recognised(token);
    switch (use.kind) {
      case "person":
        return { kind: "person", name: use.name, role: use.role, token: id };
      case "machine":
        return { kind: "machine", name: use.name, environment: use.environment, token: id };
      case "join":
        throw refused("a join token lets a machine join (stoa agent --join) and nothing else");
    }
  }

  /** What a join token allows. Fails with `unauthenticated`. */
  async joinOf(token: string): Promise<Extract<TokenUse, { kind: "join" }>> {
    const { use } = await this.#recognised(token);
    if (use.kind === "join") return use;
    throw refused("this is no join token; make one with: stoa token join");
  }

  /** Every token, without the tokens. */
  async list(): Promise<readonly TokenRecord[]> {
    const paths = await this.#tree.list("private/tokens");
    const records = await inParallel(paths, (path) => this.#readAt(path));
    return records.filter((record) => record !== undefined);
  }

  /** From now on the token is unknown. Fails with `not_found`. */
  async revoke(id: string): Promise<TokenRecord> {
    const record = await this.#read(id);
    if (record === undefined) {
      throw new ControlFailure("not_found", `there is no token ${id}; stoa token list shows all`);
    }
    await this.#tree.remove(treePaths.token(id));
    this.#known.delete(id);
    return record;
  }

  async #recognised(token: string): Promise<TokenRecord> {
    const id = form.exec(token)?.[2];
    const record = id === undefined ? undefined : await this.#read(id);
    if (record === undefined || !isEqual(record.sha256, hashOf(token))) {
      throw refused("the token is not known here: it was revoked, or belongs to another server");
    }
    if (record.notAfter !== undefined && Date.parse(record.notAfter) <= this.#clock.now()) {
      const next =
        record.use.kind === "join"
          ? "make a new one with: stoa token join"
          : "ask for a new one, which stoa token create makes";
      throw refused(`the token ${record.id} expired at ${record.notAfter}; ${next}`);
    }
    return record;
  }

  async #read(id: string): Promise<TokenRecord | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (!/^[0-9a-f]{12}$/.test(id)) return undefined;
    const record = await this.#readAt(treePaths.token(id));
    if (record !== undefined) this.#known.set(id, record);
    return record;
  }

  async #readAt(path: string): Promise<TokenRecord | undefined> {
    return await this.#documents.readRecord<TokenRecord>(path, "token");
  }
}

function refused(sentence: string): ControlFailure {
  return new ControlFailure("unauthenticated", sentence);
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
