// npm run check: every check in turn, all of them even when one fails. With --fix, Biome repairs what it can.
import { spawnSync } from "node:child_process";
import process from "node:process";

const fix = process.argv.includes("--fix");
const checks: readonly (readonly [name: string, script: string, ...args: string[]])[] = [
  [
    "format and lint",
    "node_modules/@biomejs/biome/bin/biome",
    "check",
    "--max-diagnostics=100",
    "--diagnostic-level=error",
    ...(fix ? ["--write"] : []),
    ".",
  ],
  ["types", "node_modules/typescript/bin/tsc", "-p", "."],
  ["floor plan", "scripts/check-floor-plan.ts"],
  ["unused code", "node_modules/knip/bin/knip.js"],
];

const failed: string[] = [];
for (const [name, script, ...args] of fix ? checks.slice(0, 1) : checks) {
  process.stdout.write(`== ${name}\n`);
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: "inherit" });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  process.stdout.write(`\nnot in order: ${failed.join(", ")}\n`);
  process.exitCode = 1;
}
