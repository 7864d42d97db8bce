// Refuses imports against the floor plan, files that were not looked at, and a drawing that is out of date.
import { readFileSync } from "node:fs";
import process from "node:process";
import { drawFloorPlan, withDrawing } from "./draw-floor-plan.ts";
import { readFloorPlan } from "./floor-plan.ts";

const plan = readFloorPlan();
for (const { rule, from, to } of plan.violations) {
  process.stderr.write(`${rule.name}: ${from} -> ${to}\n  ${plan.advice.get(rule.name) ?? ""}\n`);
}
if (plan.unread.length > 0) {
  process.stderr.write(`not read (is typescript 6 installed?): ${plan.unread.join(" ")}\n`);
}
const page = readFileSync("ARCHITECTURE.md", "utf8");
const isDrawn = withDrawing(page, drawFloorPlan(plan)) === page;
if (!isDrawn) {
  process.stderr.write("the floor plan in ARCHITECTURE.md is out of date: npm run draw\n");
}
process.stdout.write(`${plan.files.length} files, ${plan.violations.length} violations\n`);
process.exitCode = plan.violations.length + plan.unread.length > 0 || !isDrawn ? 1 : 0;
