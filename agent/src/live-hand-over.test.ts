// Programs with the real goagain and facebookgo/grace, which can be downloaded from some networks only.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openMachine, Tree } from "./testing/delivery.ts";
import { noGo } from "./testing/go-programs.ts";
import { buildLive, type Library, libraries, whyNot } from "./testing/live-libraries.ts";
import { steadyLoad } from "./testing/steady-load.ts";

describe("the real library", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-live-hand-over-"));
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  for (const library of Object.keys(libraries) as Library[]) {
    for (const handOff of ["overlap", "sigusr2"] as const) {
      test(`${library} is handed over without a refused connection, with hand_off = "${handOff}"`, async (context) => {
        const reason = whyNot(library);
        if (reason !== undefined) {
          context.skip(`${library} cannot be downloaded: ${reason}`);
          return;
        }
        const tree = new Tree(mkdtempSync(join(folder, "tree-")));
        const sockets = [{ name: "http", address: libraries[library].address }];
        const versions = ["1", "2"].map((version) =>
          tree.publish("notes", version, buildLive(folder, library, version), { sockets, handOff }),
        );
        tree.assign({ notes: versions[0]! });
        await using machine = await openMachine(folder, tree);
        await machine.until("notes", ({ state }) => state === "running");
        const load = steadyLoad(await machine.urlOf("notes"), false);
        await load.more(1);
        for (const wanted of [versions[1]!, versions[0]!]) {
          tree.assign({ notes: wanted });
          await machine.until(
            "notes",
            ({ state, running }) => state === "running" && running === wanted,
          );
          await load.more(load.answers() + 20);
        }
        const { failures, versions: seen } = await load.end();
        // How it ends the connections that it has is the library's own affair.
        assert.ok(!failures.includes("ECONNREFUSED"), failures.join(", "));
        assert.deepEqual([...seen].sort(), ["1", "2"]);
        context.diagnostic(`${failures.length} of ${load.answers()} requests failed`);
      });
    }
  }
});
