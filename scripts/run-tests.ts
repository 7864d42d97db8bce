// npm test: every test of the repository on the pinned Node; words after `npm test --` choose files by part of their path.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import { provideTestTools } from "./test-tools.ts";

const words = process.argv.slice(2);
const files = globSync("*/src/**/*.test.ts")
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  process.stderr.write(`no test file has ${words.join(" or ")} in its path\n`);
  process.exit(1);
}

const { path, missing } = await provideTestTools();
for (const tool of missing) process.stderr.write(`missing for some tests: ${tool}\n`);
// A test that is skipped for want of a tool that could have been had proves nothing.
if (missing.length > 0 && process.env["CI"] === "true") process.exit(1);

// Nearly half of the tests' time is waiting: for leases and deadlines to end, for servers to start.
const atOnce = Math.ceil(1.5 * availableParallelism());
const { status } = spawnSync(
  process.execPath,
  ["--test", "--test-reporter=spec", `--test-concurrency=${atOnce}`, ...files],
  {
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  },
);
process.exitCode = status ?? 1;
