import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinedRuns } from "./joined-runs.ts";

test("who asks while it runs gets the same result; who leaves leaves at once, and the last ends it", async () => {
  const runs = new JoinedRuns<string>();
  const began: AbortSignal[] = [];
  const result = Promise.withResolvers<string>();
  const ask = (signal: AbortSignal): Promise<string> =>
    runs.join("key", signal, (shared) => {
      began.push(shared);
      return result.promise;
    });
  const [one, two] = [new AbortController(), new AbortController()];
  const asked = [ask(one.signal), ask(two.signal)];
  assert.equal(began.length, 1);

  one.abort(new Error("one has left"));
  await assert.rejects(asked[0]!, /one has left/);
  assert.equal(began[0]?.aborted, false);
  two.abort(new Error("two has left"));
  await assert.rejects(asked[1]!, /two has left/);
  assert.equal(began[0]?.aborted, true);

  const again = ask(new AbortController().signal);
  assert.equal(began.length, 2, "what was broken off is not joined");
  result.resolve("done");
  assert.equal(await again, "done");
});

test("nothing is remembered", async () => {
  const runs = new JoinedRuns<number>();
  let times = 0;
  const ask = (): Promise<number> =>
    runs.join("key", new AbortController().signal, async () => {
      times += 1;
      return times;
    });
  assert.deepEqual([await ask(), await ask()], [1, 2]);
});
