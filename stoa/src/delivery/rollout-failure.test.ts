import assert from "node:assert/strict";
import { test } from "node:test";
import type { ShownRollout } from "@stoa/control";
import { failureLines, failureSentence, shownNote } from "./rollout-failure.ts";

const one = "shop 2: took no connection within 4 s; listen on $PORT";
const two = "shop 2: ended with exit code 3";

test("every reason is said once, with its machine, and where to look next", () => {
  const ended = rollout({
    sentence: `web-1 failed: ${one}; 2 machines went back to 072c9c77fb62`,
    notes: [
      [undefined, "wave 1 is open: web-1, web-2"],
      ["web-1", "web-1: returning"],
      [undefined, `web-1 failed: ${one}`],
      ["web-2", `web-2: failed: ${two}`],
      ["web-2", `web-2: stranded: ${two}`],
      ["web-1", "web-1: returned: it runs as process 7"],
      [undefined, `web-1 failed: ${one}; 2 machines went back to 072c9c77fb62`],
    ],
    lastLines: { "web-1": ["begins"], "web-2": ["panic"] },
  });
  const live = ended.notes.map((note) => shownNote(note, ended));
  assert.deepEqual(live, [
    "wave 1 is open: web-1, web-2",
    "web-1: returning",
    "web-1 failed: what was touched goes back",
    "web-2: failed",
    "web-2: stranded",
    "web-1: returned: it runs as process 7",
    undefined,
  ]);
  const lines = failureLines(ended);
  assert.deepEqual(lines, [
    "the last lines of web-1:",
    "  web-1 | begins",
    `web-2: ${two}`,
    "the last lines of web-2:",
    "  web-2 | panic",
  ]);
  const last = failureSentence(ended);
  assert.equal(
    last,
    `shop 2 does not run in production: web-1 failed: ${one}; 2 machines went back to 072c9c77fb62; stoa logs shop -e production --machine web-1 shows what it wrote before`,
  );
  const all = [...live, ...lines, last].join("\n");
  for (const reason of [one, two]) assert.equal(all.split(reason).length, 2, all);
});

test("where nothing was written, the machine's decisions are named; who cancels needs no hint", () => {
  const failed = rollout({
    sentence: `web-1 failed: ${one}`,
    notes: [["web-1", `web-1: failed: ${one}`]],
    lastLines: {},
  });
  assert.match(failureSentence(failed), /; stoa why web-1 shows how it came to that$/);
  const cancelled = rollout({ sentence: "cancelled by ann", notes: [], lastLines: {} });
  assert.match(failureSentence(cancelled), /: cancelled by ann$/);
});

function rollout({
  sentence,
  notes,
  lastLines,
}: {
  readonly sentence: string;
  readonly notes: readonly (readonly [machine: string | undefined, sentence: string])[];
  readonly lastLines: Readonly<Record<string, readonly string[]>>;
}): ShownRollout {
  const at = "2026-01-31T12:00:00.000Z";
  return {
    id: "r",
    environment: "production",
    service: "shop",
    revision: "0".repeat(64),
    version: "2",
    kind: "deploy",
    owner: "ann",
    reason: "",
    strategy: "all-at-once",
    state: "rolled-back",
    held: false,
    sentence,
    startedAt: at,
    endedAt: at,
    waves: [],
    waiting: [],
    machines: Object.fromEntries(
      Object.entries(lastLines).map(([name, lines]) => [
        name,
        { state: "returned" as const, since: at, lastLines: lines },
      ]),
    ),
    notes: notes.map(([machine, text], index) => ({
      number: index + 1,
      at,
      ...(machine === undefined ? {} : { machine }),
      sentence: text,
    })),
  };
}
