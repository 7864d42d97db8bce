// What a control plane reads at its start it reads several at a time: in a bucket every request takes its time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSecretKey, publicKeyLine } from "@stoa/deployment";
import type { DocumentTree, StoredDocument } from "../domain/document-tree.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { MachineJoins } from "./join-machines.ts";
import { Tokens } from "./keep-tokens.ts";
import { Machines } from "./know-machines.ts";
import { SignedTree } from "./sign-documents.ts";

test("the records of many machines are read at the same time, and never too many of them", async () => {
  const tree = new SlowTree();
  const clock = manualClock(0);
  const documents = new SignedTree(tree, makeSecretKey());
  const machines = (): Machines => new Machines(tree, documents, clock);
  const joins = new MachineJoins(machines(), new Tokens(tree, documents, clock), clock);
  const publicKey = publicKeyLine(makeSecretKey());
  for (let number = 1; number <= 40; number += 1) {
    const said = { environment: "production", tags: {}, arch: "amd64", publicKey };
    await joins.register({ machine: `web-${number}`, ...said });
  }
  const again = machines();
  tree.most = 0;
  await again.load();
  assert.equal(again.list("production").length, 40);
  assert.ok(tree.most > 4, `${tree.most} at once`);
  assert.ok(tree.most <= 16, `${tree.most} at once`);
});

/** A tree that answers only when nobody asks for more in the same moment. */
class SlowTree implements DocumentTree {
  most = 0;
  #reading = 0;
  readonly #documents = new Map<string, string>();

  async read(path: string): Promise<StoredDocument | undefined> {
    this.#reading += 1;
    this.most = Math.max(this.most, this.#reading);
    await new Promise((resolve) => setImmediate(resolve));
    this.#reading -= 1;
    const text = this.#documents.get(path);
    return text === undefined ? undefined : { text, etag: text };
  }

  async create(path: string, text: string): Promise<StoredDocument | undefined> {
    if (this.#documents.has(path)) return undefined;
    this.#documents.set(path, text);
    return { text, etag: text };
  }

  async replace(path: string, text: string, etag: string): Promise<StoredDocument | undefined> {
    if (this.#documents.get(path) !== etag) return undefined;
    this.#documents.set(path, text);
    return { text, etag: text };
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...this.#documents.keys()].filter((path) => path.startsWith(`${folder}/`)).sort();
  }

  async remove(path: string): Promise<void> {
    this.#documents.delete(path);
  }
}
