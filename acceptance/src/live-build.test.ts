// Real programs with large trees, built through Stoa from the upstream of this machine, and again when that is cut off.
import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { freePort } from "./testing/free-port.ts";
import { type GoCommand, goCommand } from "./testing/go-command.ts";
import { liveUpstream } from "./testing/live-upstream.ts";
import { keptFolder, startStoa } from "./testing/stoa-process.ts";
import { filesIn, isWhole, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

/** A program with a fixed version. */
interface LiveProgram {
  readonly module: string;
  readonly version: string;
  /** Where in the module the main package is. */
  readonly main: string;
  /** True if it is built only where the upstream does not serve one of the others. */
  readonly standsIn?: boolean;
}

const programs: readonly LiveProgram[] = [
  // It has no tags; this is the last commit of its default branch.
  { module: "github.com/arschles/bld", version: "v0.0.0-20181130211135-320b58fc8002", main: "." },
  { module: "github.com/gomods/athens", version: "v0.15.4", main: "./cmd/proxy" },
  {
    module: "github.com/caddyserver/caddy/v2",
    version: "v2.10.2",
    main: "./cmd/caddy",
    standsIn: true,
  },
];

/** What a build leaves behind. */
interface Built {
  readonly executable: Buffer;
  readonly goSum: string;
}

const { upstream, ...found } = await liveUpstream();
const missing = upstream === undefined && "missing" in found && found.missing;

describe("a real program", { skip: missing || false }, () => {
  let notServed = 0;
  for (const program of programs) {
    test(`${program.module}@${program.version}`, async (t) => {
      assert.ok(upstream);
      if (program.standsIn && notServed === 0) {
        t.skip("the programs that it would stand in for were built");
        return;
      }
      const { url, gosumdb, unchecked } = upstream;
      if (unchecked !== "")
        t.diagnostic(`checksums are not compared with a database: ${unchecked}`);
      await using folder = await temporaryFolder();
      const root = await keptFolder(folder);

      await using straight = await goCommand({ goproxy: url, gosumdb });
      const reference = await built(straight, program).catch((failure: Error) => failure);
      if (reference instanceof Error) {
        notServed += 1;
        t.skip(`it cannot be built without Stoa either: ${reasonIn(reference.message)}`);
        return;
      }

      await using stoa = await startStoa({ goproxy: url, root });
      await using through = await goCommand({ goproxy: stoa.url, gosumdb });
      const first = await built(through, program);
      assert.equal(first.goSum, reference.goSum);
      assert.ok(first.executable.equals(reference.executable), "the executables differ");
      assert.deepEqual(await stoa.stop(), { code: 0, signal: null });
      const versions = await versionsIn(root);
      assert.ok(versions.every(isWhole));
      const loose = (await filesIn(root)).filter((name) => name.startsWith(".stoa/loose/"));
      t.diagnostic(
        `${versions.length} versions were kept, and ${loose.length} files without a zip`,
      );

      const nobody = `http://127.0.0.1:${await freePort()}`;
      await using cut = await startStoa({ goproxy: nobody, root });
      await using later = await goCommand({ goproxy: cut.url, gosumdb: "off" });
      const second = await built(later, program, first.goSum);
      assert.equal(second.goSum, first.goSum);
      assert.ok(second.executable.equals(first.executable), "the executables differ");
      assert.doesNotMatch(cut.output(), /"cache":"miss"/);
    });
  }
});

/** Builds a program from its module's source, as a person would who has downloaded it. Without a go.sum one is made. */
async function built(
  go: GoCommand,
  { module, version, main }: LiveProgram,
  goSum?: string,
): Promise<Built> {
  const downloaded = await go.succeed(["mod", "download", "-json", `${module}@${version}`]);
  const sources = join(go.folder, "sources");
  await cp((JSON.parse(downloaded) as { Dir: string }).Dir, sources, { recursive: true });
  await rm(join(sources, "go.sum"), { force: true });
  if (goSum !== undefined) await writeFile(join(sources, "go.sum"), goSum);
  const executable = join(go.folder, "built");
  await go.succeed(["build", "-o", executable, main], sources);
  return {
    executable: await readFile(executable),
    goSum: await readFile(join(sources, "go.sum"), "utf8"),
  };
}

/** The reason in what the go command said: that of its JSON, or its last line. */
function reasonIn(text: string): string {
  const error = /"Error": ("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const reason = error === undefined ? text : (JSON.parse(error) as string);
  return reason.trimEnd().split("\n").slice(-2).join(" ").replace(/\s+/g, " ");
}
