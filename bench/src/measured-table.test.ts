// Tests of printed tables.
import assert from "node:assert/strict";
import { test } from "node:test";
import { aimColumns, aimed, printTable } from "./measured-table.ts";

test("printTable aligns text to the left and figures to the right", () => {
  const table = {
    title: "Weights",
    columns: [
      { key: "name", heading: "name" },
      { key: "kilograms", heading: "kg", digits: 1 },
    ],
    rows: [{ name: "cat", kilograms: 4.25 }, { name: "elephant", kilograms: 5400 }, { name: "?" }],
    notes: ["Not to scale."],
  };
  const lines = [
    "Weights",
    "  name           kg",
    "  cat           4.3",
    "  elephant  5,400.0",
    "  ?",
    "  Not to scale.",
    "",
  ];
  assert.equal(printTable(table), lines.join("\n"));
});

test("aimed compares in the direction of its rule", () => {
  assert.deepEqual(aimed(0.9, "at least", 0.85), { aim: "at least 0.85", reached: "yes" });
  assert.deepEqual(aimed(0.8, "at least", 0.85), { aim: "at least 0.85", reached: "no" });
  assert.deepEqual(aimed(1.2, "at most", 1.15), { aim: "at most 1.15", reached: "no" });
  const filled = Object.keys(aimed(1, "at most", 1));
  assert.deepEqual(
    filled,
    aimColumns.map((column) => column.key),
  );
});
