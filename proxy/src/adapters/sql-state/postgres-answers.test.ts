import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { AnswerName, SharedAnswers } from "../../domain/shared-answers.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { openState } from "./open-state.ts";

describe("answers that instances share in PostgreSQL", { skip: noPostgres }, () => {
  const stack = new AsyncDisposableStack();
  let server: PostgresServer;
  let answers: SharedAnswers;
  let others: SharedAnswers;
  const open = async (): Promise<SharedAnswers> => {
    const place = { kind: "postgres", url: server.url } as const;
    const { answers } = stack.use(await openState(place, { mostJobs: 1 }));
    return answers ?? assert.fail("nothing is shared");
  };
  before(async () => {
    server = stack.use(await startPostgres());
    answers = await open();
    others = await open();
  });
  after(() => stack.disposeAsync());

  /** Follows, and resolves when an answer of that key is told. */
  const told = (key: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    stack.use(
      others.follow((changed) => {
        if (changed === "all" || changed.some((name) => name.key === key)) resolve();
      }),
    );
    return promise;
  };

  test("are read by all, and one to a question that was put earlier takes no later one's place", async () => {
    const name = { kind: "list", key: "example.com/m" };
    const { nowMs, answer } = await answers.read(name);
    assert.equal(answer, undefined);
    assert.equal(await answers.write(name, "v1.1.0", nowMs + 2), true);
    assert.equal(await others.write(name, "v1.0.0", nowMs + 1), false);
    assert.deepEqual((await others.read(name)).answer, { text: "v1.1.0", askedMs: nowMs + 2 });
    assert.equal((await others.read({ ...name, kind: "query" })).answer, undefined);
    assert.equal(await others.write(name, undefined, nowMs + 3), true);
    assert.equal((await answers.read(name)).answer, undefined);
  });

  test("are told of when they change, also those to queries that are forgotten", async () => {
    const names: AnswerName[] = ["latest", "main"].map((query) => ({
      kind: "query",
      key: `example.com/Q@${query}`,
    }));
    const { nowMs } = await answers.read({ kind: "query", key: "example.com/Q@latest" });
    const first = told("example.com/Q@main");
    for (const name of names) await answers.write(name, "{}", nowMs);
    await first;
    const again = told("example.com/Q@latest");
    await answers.forgetQueries("query", "example.com/Q");
    await again;
    for (const name of names) {
      assert.equal((await others.read(name)).answer, undefined);
      assert.equal(await others.write(name, "{}", nowMs), false, "it was asked before");
    }
  });

  test("that changed while the server was away are told when it is back", async () => {
    const name = { kind: "list", key: "example.com/away" };
    const { promise, resolve } = Promise.withResolvers<void>();
    const seen = new Set<string>();
    const following = stack.use(
      others.follow((changed) => {
        for (const { key } of changed === "all" ? [] : changed) seen.add(key);
        if (seen.has(name.key)) resolve();
      }),
    );
    while (!following.isUp) await pause(20);
    await server.kill();
    await assert.rejects(answers.read(name), { code: "store_unavailable" });
    await assert.rejects(answers.read(name), { code: "store_unavailable" });
    while (following.isUp) await pause(20);
    await server.start();
    const written = async (): Promise<boolean> =>
      answers.write(name, "v1.0.0", Date.now()).catch(() => false);
    while (!(await written())) await pause(50);
    await promise;
  });

  test("can be there in any number: who follows then looks at all of them", async () => {
    const all = Promise.withResolvers<void>();
    stack.use(
      others.follow((changed) => {
        if (changed === "all") all.resolve();
      }),
    );
    const { nowMs } = await answers.read({ kind: "list", key: "example.com/many" });
    // In one step: whoever looks in between would see fewer.
    await server.run(
      `INSERT INTO stoa_answer (kind, path, query, answer, asked_ms, changed_ms)
       SELECT 'list', 'example.com/many/m' || n, '', 'v1.0.0', ${nowMs}, ${nowMs} + 60000
       FROM generate_series(1, 1100) AS n`,
    );
    await answers.write({ kind: "list", key: "example.com/many" }, "v1.0.0", nowMs);
    await all.promise;
  });
});
