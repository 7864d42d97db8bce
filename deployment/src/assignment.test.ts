import assert from "node:assert/strict";
import { test } from "node:test";
import { type Assignment, assignedRevision, assignedTo } from "./assignment.ts";
import { parseEnvironmentIndex, revisionFor } from "./environment-index.ts";

const [old, fresh, third] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
];
const rolling: Assignment = {
  service: "shop",
  rollout: "r-1",
  serial: 4,
  revision: fresh,
  previous: old,
  selector: [[{ key: "role", value: "web" }]],
  waves: [["web-1"], ["web-2", "web-3"]],
  open: 1,
  state: "rolling",
  settings: { environment: { A: "b" } },
};
const web = { role: "web" };

const cases: readonly (readonly [
  what: string,
  change: Partial<Assignment>,
  machine: string,
  tags: Record<string, string>,
  expected: string | undefined,
])[] = [
  ["a machine in an open wave", {}, "web-1", web, fresh],
  ["a machine in a wave that is not open", {}, "web-2", web, old],
  ["a machine in no wave", {}, "web-9", web, old],
  ["a machine of another group", {}, "web-1", { role: "api" }, undefined],
  ["a paused rollout, open", { state: "paused" }, "web-1", web, fresh],
  ["a paused rollout, not open", { state: "paused" }, "web-2", web, old],
  ["a settled one, late joiners too", { state: "settled" }, "web-9", web, fresh],
  ["a settled one, another group", { state: "settled" }, "db-1", {}, undefined],
  ["all waves open", { open: 2 }, "web-3", web, fresh],
  [
    "a machine that keeps something else",
    { kept: { "web-2": { revision: third, settings: rolling.settings } } },
    "web-2",
    web,
    third,
  ],
  [
    "a machine that kept something else and whose wave is open",
    { kept: { "web-1": { revision: third, settings: rolling.settings } } },
    "web-1",
    web,
    fresh,
  ],
  ["an empty selector", { selector: [] }, "web-1", {}, fresh],
];

for (const [what, change, name, tags, expected] of cases) {
  test(`assignedRevision: ${what}`, () => {
    assert.equal(assignedRevision({ ...rolling, ...change }, { name, tags }), expected);
  });
}

test("assignedTo: what ran before keeps the settings it had", () => {
  const before = { environment: { A: "old" } };
  const assignment = { ...rolling, previousSettings: before };
  assert.deepEqual(assignedTo(assignment, { name: "web-1", tags: web }), {
    revision: fresh,
    settings: rolling.settings,
  });
  assert.deepEqual(assignedTo(assignment, { name: "web-2", tags: web }), {
    revision: old,
    settings: before,
  });
});

test("assignedRevision: where nothing ran before, machines whose turn has not come run nothing", () => {
  const { previous: _, ...first } = rolling;
  assert.equal(assignedRevision(first, { name: "web-2", tags: web }), undefined);
  assert.equal(assignedRevision(first, { name: "web-1", tags: web }), fresh);
});

const index = {
  format: 1,
  environment: "production",
  serial: 4,
  issuedAt: "2026-01-01T00:00:00.000Z",
  notAfter: "2026-02-01T00:00:00.000Z",
  services: { shop: rolling },
};

test("revisionFor gives what a machine should run, by service", () => {
  const desired = revisionFor(parseEnvironmentIndex(index), { name: "web-1", tags: web });
  assert.equal(desired.get("shop")?.revision, fresh);
  assert.equal(desired.get("shop")?.settings.environment["A"], "b");
  assert.equal(revisionFor(parseEnvironmentIndex(index), { name: "db", tags: {} }).size, 0);
});

const wrong: readonly (readonly [what: string, change: object, said: RegExp])[] = [
  [
    "more open waves than there are",
    { open: 3 },
    /services.shop.open must not be more than there are waves/,
  ],
  [
    "a machine in two waves",
    { waves: [["a"], ["a"]] },
    /services.shop.waves must name a machine once/,
  ],
  ["another service's name", { service: "cart" }, /services.shop.service must be shop/],
  ["a serial above that of the index", { serial: 5 }, /must not be above the serial of the index/],
  ["a revision that is no id", { revision: "1.214" }, /must be the id of a revision/],
  ["an empty group of tags", { selector: [[]] }, /at least one tag/],
  ["a filter of nothing", { selector: [[{}]] }, /must name a key, a value or both/],
];

for (const [what, change, said] of wrong) {
  test(`parseEnvironmentIndex refuses ${what}`, () => {
    assert.throws(
      () => parseEnvironmentIndex({ ...index, services: { shop: { ...rolling, ...change } } }),
      said,
    );
  });
}
