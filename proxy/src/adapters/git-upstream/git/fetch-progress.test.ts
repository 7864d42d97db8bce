import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FetchProgress, TooMuchToFetch } from "./fetch-progress.ts";

describe("FetchProgress", () => {
  const limits = { mostBytes: 2 * 2 ** 20, mostObjects: 100 };

  for (const line of [
    "remote: Enumerating objects: 101, done.        \n",
    "Receiving objects:   0% (1/101)\r",
    "Receiving objects:  50% (50/100), 2.01 MiB | 1.00 MiB/s\r",
    "Receiving objects: 100% (100/100), 1.00 GiB | 1.00 MiB/s, done.\n",
  ]) {
    it(`breaks off at ${line.trim()}`, () => {
      assert.throws(() => new FetchProgress(limits).hear(line), TooMuchToFetch);
    });
  }

  it("lets everything else go on", () => {
    const progress = new FetchProgress(limits);
    progress.hear(
      "remote: Enumerating objects: 100, done.\nremote: Counting objects: 100% (900/900)\r",
    );
    progress.hear(
      "Receiving objects:  99% (99/100), 1.99 MiB | 9.00 GiB/s\rResolving deltas: 1% (1/999)",
    );
    assert.equal(progress.ignoresFilter, false);
    progress.hear("warning: filtering not recognized by server, ignoring\n");
    assert.equal(progress.ignoresFilter, true);
  });
});
