// A real, large program: seeded from its go.sum, bundled, taken where no network is, and built there with the checksum database on.
import assert from "node:assert/strict";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { buildCutOff, cutIsMissing } from "./testing/cut-off-build.ts";
import { goCommand } from "./testing/go-command.ts";
import { liveUpstream } from "./testing/live-upstream.ts";
import { finishedStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

/** The first of them that the upstream serves. */
const programs = [
  { module: "github.com/gomods/athens", version: "v0.15.4", main: "./cmd/proxy" },
  { module: "github.com/caddyserver/caddy/v2", version: "v2.10.2", main: "./cmd/caddy" },
] as const;

const patienceMs = 600_000;
const { upstream, ...found } = await liveUpstream();
const missing = upstream === undefined && "missing" in found && found.missing;
const unchecked = upstream !== undefined && upstream.unchecked !== "" && upstream.unchecked;

test("a real program is built where no network is", {
  skip: missing || unchecked || cutIsMissing(),
}, async (t) => {
  assert.ok(upstream);
  await using work = await temporaryFolder();
  const at = (name: string): string => join(work.path, name);
  const program = await sources(upstream.url, upstream.gosumdb, at("sources"));
  if (program === undefined) {
    t.skip("the upstream serves none of the programs");
    return;
  }
  const goSum = await readFile(at("sources/go.sum"), "utf8");
  assert.equal((await finishedStoa(["key", "make", at("team.key")], {})).code, 0);
  const modules = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await finishedStoa(
      ["modules", ...words],
      {
        GOPROXY: upstream.url,
        GOSUMDB: upstream.gosumdb,
        ATHENS_DISK_STORAGE_ROOT: at("connected"),
      },
      undefined,
      patienceMs,
    );
    assert.equal(code, 0, `${words.join(" ")}:\n${stdout}${stderr}`);
    return stdout;
  };
  t.diagnostic(`${program.module}: ${(await modules("seed", at("sources/go.sum"))).trim()}`);
  const said = await modules("bundle", "--to", at("one.tar"), "--key", at("team.key"));
  t.diagnostic(said.trim().split("\n")[0] ?? "");

  // Without go.sum every hash has to come from the checksum database.
  await rm(at("sources/go.sum"));
  await buildCutOff({
    bundle: at("one.tar"),
    trust: /signed by (\S+)/.exec(said)?.[1] ?? assert.fail(said),
    gosumdb: { stoa: upstream.gosumdb, go: upstream.gosumdb.split(" ")[0] ?? "" },
    folder: at("sources"),
    main: program.main,
    output: at("built"),
    outside: upstream.url,
  });
  const known = new Set(goSum.split("\n"));
  const confirmed = (await readFile(at("sources/go.sum"), "utf8")).trim().split("\n");
  assert.ok(confirmed.length > 100, `${confirmed.length} lines`);
  assert.deepEqual(
    confirmed.filter((line) => !known.has(line)),
    [],
  );
  assert.equal((await readFile(at("built"))).subarray(1, 4).toString(), "ELF");
});

/** Fetches the source of a program into a folder; `undefined` if the upstream has none of them. */
async function sources(
  goproxy: string,
  gosumdb: string,
  folder: string,
): Promise<(typeof programs)[number] | undefined> {
  await using go = await goCommand({ goproxy, gosumdb });
  for (const program of programs) {
    const { module, version } = program;
    const { code, stdout } = await go.run(["mod", "download", "-json", `${module}@${version}`]);
    if (code !== 0) continue;
    await cp((JSON.parse(stdout) as { Dir: string }).Dir, folder, { recursive: true });
    return program;
  }
  return undefined;
}
