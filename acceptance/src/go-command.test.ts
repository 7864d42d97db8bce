// Modules of every version control system, through the real program and the real go command on both sides of it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { gitRepository } from "./testing/dumb-git.ts";
import { type GoCommand, goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { type ImportPages, importPages } from "./testing/import-pages.ts";
import { assertRefusal } from "./testing/refusal.ts";
import { type StoaOptions, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";
import {
  fossilRepository,
  mercurialRepository,
  programsAreMissing,
  type ServedRepository,
  subversionRepository,
} from "./testing/vcs-repositories.ts";

const skip = goIsMissing() || programsAreMissing("git", "hg", "svn", "svnserve", "fossil");

const sources = (host: string): Record<string, string> => ({
  "go.mod": `module ${host}/m\n\ngo 1.18\n`,
  "m.go": "package m\n",
});

let folder: TemporaryFolder;
let pages: ImportPages;
let mercurial: ServedRepository;
let subversion: ServedRepository;
let fossil: ServedRepository;
let stoa: StoaProcess;

/** A Stoa that reads every repository with the go command, and takes old answers for none. */
function goStoa(
  options: Partial<StoaOptions> & { readonly assignments?: string } = {},
): Promise<StoaProcess> {
  const { assignments = "GOVCS=*:all", env, ...rest } = options;
  return startStoa({
    goproxy: "direct",
    ...rest,
    env: {
      ...pages.environment,
      STOA_DIRECT: "go",
      STOA_LIST_TTL: "0",
      STOA_ABSENCE_TTL: "0",
      STOA_STALE_PATIENCE: "60",
      ATHENS_GO_BINARY_ENV_VARS: `GOPROXY=direct;GOSUMDB=off;GOINSECURE=*;${assignments}`,
      ...env,
    },
  });
}

/** A go command that goes to the repositories itself. */
function directGo(): Promise<GoCommand> {
  const env = {
    ...pages.environment,
    GOINSECURE: "*",
    GOVCS: "*:all",
    USER: "ann",
    LC_ALL: "C.UTF-8",
  };
  return goCommand({ goproxy: "direct", env });
}

function runsOf({ root }: StoaProcess): readonly string[] {
  const runs = join(root, ".stoa/go/runs");
  return existsSync(runs) ? readdirSync(runs) : [];
}

/** The processes that a run in this folder has started and that still live. */
function processesOf(root: string): readonly string[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc").filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      return readFileSync(`/proc/${id}/environ`, "latin1").includes(`STOA_GO_RUN=${root}/`);
    } catch {
      return false;
    }
  });
}

async function nothingIsLeft(of: StoaProcess): Promise<void> {
  await until(
    "every run to be gone",
    () => runsOf(of).length === 0 && processesOf(of.root).length === 0,
  );
}

async function status(path: string, at = stoa): Promise<number> {
  return (await ask(`${at.url}/${path}`)).status;
}

describe("modules through the go command", { skip }, () => {
  before(async () => {
    folder = await temporaryFolder();
    pages = await importPages();
    mercurial = await mercurialRepository(join(folder.path, "hg"));
    subversion = await subversionRepository(join(folder.path, "svn"));
    fossil = await fossilRepository(join(folder.path, "fossil"));
    pages.put("hg.test", mercurial.place);
    pages.put("svn.test", subversion.place);
    pages.put("fossil.test", fossil.place);
    await mercurial.commit(sources("hg.test"), "-d", "1600000000 0");
    mercurial.run("tag", "v1.0.0", "-d", "1600000100 0");
    await mercurial.commit({ "m.go": "package m // 2\n" }, "-d", "1600000200 0");
    await subversion.commit(sources("svn.test"));
    await fossil.commit(sources("fossil.test"), "--tag", "v1.0.0");
    const git = await gitRepository(join(folder.path, "git"));
    pages.serve("repositories.test", git.folder);
    pages.put("git.test", `git http://repositories.test/${git.name}`);
    await git.commit(sources("git.test"), "v1.0.0");
    await git.commit({ "go.mod": "module git.test/m\n\ngo 1.99\n" }, "v1.1.0");
    stoa = await goStoa();
  });

  after(async () => {
    for (const one of [stoa, mercurial, subversion, fossil, pages, folder]) {
      await one?.[Symbol.asyncDispose]();
    }
  });

  for (const wanted of [
    "hg.test/m@v1.0.0",
    "hg.test/m@tip",
    "svn.test/m@latest",
    "fossil.test/m@v1.0.0",
    "fossil.test/m@trunk",
    "git.test/m@v1.0.0",
  ]) {
    test(`${wanted} is what the go command makes of the repository itself`, async () => {
      await using through = await goCommand({ goproxy: stoa.url });
      await using itself = await directGo();
      const read = async (go: GoCommand) => {
        const written = JSON.parse(await go.succeed(["mod", "download", "-json", wanted]));
        const { Path, Version, Sum, GoModSum } = written;
        return { Path, Version, Sum, GoModSum, info: await readFile(written.Info, "utf8") };
      };
      assert.deepEqual(await read(through), await read(itself));
      await nothingIsLeft(stoa);
    });
  }

  test("tags are listed, and @latest is the highest of them", async () => {
    assert.equal((await ask(`${stoa.url}/hg.test/m/@v/list`)).text, "v1.0.0\n");
    assert.match((await ask(`${stoa.url}/hg.test/m/@latest`)).text, /"Version":"v1\.0\.0"/);
    assert.equal((await ask(`${stoa.url}/svn.test/m/@v/list`)).status, 200);
    assert.match(
      (await ask(`${stoa.url}/svn.test/m/@latest`)).text,
      /"Version":"v0\.0\.0-\d{14}-000000000002"/,
    );
  });

  test("new tags and commits are seen at once, although the clones are kept", async () => {
    const latest = async (module: string) => (await ask(`${stoa.url}/${module}/@latest`)).text;
    const before = await latest("fossil.test/m");
    await fossil.commit({ "m.go": "package m // 2\n" });
    assert.notEqual(await latest("fossil.test/m"), before);
    mercurial.run("tag", "v1.2.0");
    assert.equal((await ask(`${stoa.url}/hg.test/m/@v/list`)).text, "v1.0.0\nv1.2.0\n");
    const clones = await readdir(join(stoa.root, ".stoa/go/vcs"));
    assert.ok(
      clones.some((name) => /^[0-9a-f]{64}$/.test(name)),
      "clones are kept",
    );
  });

  test("a clone that was spoilt in the middle of a pull is made anew", async () => {
    const folderOfClones = join(stoa.root, ".stoa/go/vcs");
    const clones = (await readdir(folderOfClones)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const ofMercurial = clones.map((name) => join(folderOfClones, name, ".hg/store"));
    for (const store of ofMercurial.filter(existsSync))
      await writeFile(join(store, "journal"), "0");
    mercurial.run("tag", "v1.3.0");
    assert.match((await ask(`${stoa.url}/hg.test/m/@v/list`)).text, /v1\.3\.0/);
    for (const store of ofMercurial) assert.ok(!existsSync(join(store, "journal")));
  });

  test("clones are removed when they take more than they may", async () => {
    await using small = await goStoa({ env: { STOA_GO_CLONES: "0" } });
    assert.equal(await status("fossil.test/m/@v/v1.0.0.info", small), 200);
    const clones = join(small.root, ".stoa/go/vcs");
    await until("the clones to go", () =>
      readdirSync(clones).every((name) => !/^([0-9a-f]{64}|removed-.*)$/.test(name)),
    );
    assert.equal(await status("fossil.test/m/@v/v1.0.0.zip", small), 200);
  });

  test("what does not exist is 404", async () => {
    for (const path of [
      "hg.test/m/@v/v1.9.0.info",
      "hg.test/m/@v/nosuch.info",
      "svn.test/m/@v/v1.9.0.mod",
      "fossil.test/m/@v/v1.9.0.zip",
      "git.test/m/@v/v1.9.0.zip",
      "nowhere.test/m/@v/list",
      "hg.test/m/@v/v0.0.0-20200913123320-0123456789ab.info",
      "hg.test/m/@v/upgrade.info",
    ]) {
      assertRefusal(await ask(`${stoa.url}/${path}`), [404]);
    }
  });

  test("names that mean more than a name to a version control system go nowhere", async () => {
    const before = pages.asked.length;
    for (const name of ["all()", "-rf", "a..b", "a%20or%20b", "..."]) {
      const answer = await ask(`${stoa.url}/hg.test/m/@v/${name}.info`);
      assert.ok([404, 501].includes(answer.status), answer.text);
    }
    assertRefusal(await ask(`${stoa.url}/hg.test/m...x/@v/list`), [501], /\.\.\. in it/);
    assert.equal(pages.asked.length, before);
  });

  test("a module for a newer Go says so", async () => {
    const answer = await ask(`${stoa.url}/git.test/m/@v/v1.1.0.zip`);
    assertRefusal(answer, [501], /it needs Go 1\.99, and the go command of this proxy is 1\.\d+/);
    assert.equal(await status("git.test/m/@v/v1.1.0.mod"), 200);
  });

  test("who is not let in is told so: 403", async () => {
    await using secret = await subversionRepository(join(folder.path, "secret-svn"), {
      isPrivate: true,
    });
    await using closed = await fossilRepository(join(folder.path, "secret-fossil"), {
      isPrivate: true,
    });
    pages.put("secret-svn.test", secret.place);
    pages.put("secret-fossil.test", closed.place);
    pages.put("secret-git.test", "git http://locked.test/r.git");
    pages.put("secret-hg.test", "hg http://locked.test/r");
    pages.be("locked.test", 401);
    pages.be("page.test", 403);
    for (const host of ["secret-svn", "secret-fossil", "secret-git", "secret-hg", "page"]) {
      const answer = await ask(`${stoa.url}/${host}.test/m/@v/v1.0.0.info`);
      assertRefusal(answer, [403], /give the proxy credentials/);
    }
  });

  test("an outage is 502, whatever the system makes of it, and never 404", async () => {
    await using going = await mercurialRepository(join(folder.path, "going"));
    pages.put("going.test", going.place);
    await going.commit(sources("going.test"));
    going.run("tag", "v1.0.0");
    going.run("bookmark", "later");
    assert.equal(await status("going.test/m/@v/list"), 200);
    await going.stop();
    assertRefusal(await ask(`${stoa.url}/going.test/m/@v/default.info`), [502]);
    assertRefusal(await ask(`${stoa.url}/going.test/m/@v/v1.1.0.info`), [502]);
    assert.equal(await status("going.test/m/@v/v1.0.0.zip"), 200, "what is in the clone is there");

    pages.put("dead-svn.test", "svn svn://127.0.0.1:1/r");
    pages.put("dead-hg.test", "hg http://127.0.0.1:1/r");
    pages.put("dead-git.test", "git http://127.0.0.1:1/r");
    pages.put("dead-fossil.test", "fossil http://127.0.0.1:1/r");
    pages.be("broken.test", 500);
    for (const host of ["dead-svn", "dead-hg", "dead-git", "dead-fossil", "broken"]) {
      assertRefusal(await ask(`${stoa.url}/${host}.test/m/@v/v1.0.0.info`), [502]);
      assertRefusal(await ask(`${stoa.url}/${host}.test/m/@v/list`), [502]);
    }
  });

  test("GOVCS allows git alone unless it says otherwise, and what to add", async () => {
    await using strict = await goStoa({ assignments: "GOVCS=" });
    for (const [host, system] of [
      ["hg", "Mercurial"],
      ["svn", "Subversion"],
      ["fossil", "Fossil"],
    ]) {
      const answer = await ask(`${strict.url}/${host}.test/m/@v/list`);
      assertRefusal(
        answer,
        [403],
        new RegExp(`of ${system}, .*add ${host}\\.test/m:${host} to GOVCS`),
      );
    }
    assert.equal(await status("git.test/m/@v/v1.0.0.zip", strict), 200);
  });

  test("a server that does not answer is 504, and nothing of the try is left", async () => {
    await using hasty = await goStoa({ env: { ATHENS_TIMEOUT: "2", ATHENS_STASH_TIMEOUT: "2" } });
    pages.put("slow-hg.test", "hg http://hanging.test/r");
    pages.put("slow-git.test", "git http://hanging.test/r");
    pages.be("hanging.test", "hangs");
    for (const path of [
      "slow-hg.test/m/@v/v1.0.0.zip",
      "slow-git.test/m/@v/list",
      "hanging.test/m/@latest",
    ]) {
      assertRefusal(await ask(`${hasty.url}/${path}`), [504], /within 2 s/);
    }
    await nothingIsLeft(hasty);
  });

  test("a client that leaves ends the go command", async () => {
    pages.put("left.test", "hg http://hanging.test/left");
    const leaving = new AbortController();
    const asking = ask(`${stoa.url}/left.test/m/@v/v1.0.0.zip`, { signal: leaving.signal });
    await until("Mercurial to ask", () => pages.asked.includes("hanging.test/left"));
    assert.ok(!existsSync("/proc") || processesOf(stoa.root).length > 0);
    leaving.abort();
    await assert.rejects(asking);
    await nothingIsLeft(stoa);
  });

  test("SIGTERM and SIGKILL in the middle leave nothing behind, the latter after the next start", async () => {
    await using kept = await temporaryFolder();
    pages.put("killed.test", "hg http://hanging.test/killed");
    const begin = async (one: StoaProcess): Promise<void> => {
      const seen = pages.asked.filter((asked) => asked === "hanging.test/killed").length;
      ask(`${one.url}/killed.test/m/@v/v1.0.0.zip`).catch(() => undefined);
      await until(
        "Mercurial to ask",
        () => pages.asked.filter((asked) => asked === "hanging.test/killed").length > seen,
      );
    };
    const options = { root: kept.path, env: { ATHENS_SHUTDOWN_TIMEOUT: "1" } };
    const first = await goStoa(options);
    await begin(first);
    await first.stop();
    await nothingIsLeft(first);
    const second = await goStoa(options);
    await begin(second);
    await second.kill();
    assert.notEqual(runsOf(second).length, 0);
    await using third = await goStoa(options);
    await nothingIsLeft(third);
  });

  test("a missing go command is said once at the start, and to everybody who needs it", async () => {
    await using without = await goStoa({ env: { GO_BINARY_PATH: "stoa-no-such-go" } });
    await until("the log to say so", () => without.output().includes("has no go command"));
    for (const path of ["hg.test/m/@v/list", "hg.test/m/@v/v1.0.0.zip"]) {
      assertRefusal(await ask(`${without.url}/${path}`), [501], /has no go command .*install go/);
    }
    const said = without
      .output()
      .split("\n")
      .filter((line) => line.includes('"level":"warn"') && line.includes("has no go command"));
    assert.equal(said.length, 1, said.join("\n"));
  });

  test("a missing program of a version control system is named", async () => {
    const bin = join(folder.path, "bin");
    await mkdir(bin);
    const go = (process.env["PATH"] ?? "")
      .split(delimiter)
      .map((path) => join(path, "go"))
      .find(existsSync);
    await symlink(go ?? "", join(bin, "go"));
    await using bare = await goStoa({ env: { PATH: bin } });
    for (const system of ["hg", "svn", "fossil"]) {
      const answer = await ask(`${bare.url}/${system}.test/m/@v/v1.0.0.info`);
      assertRefusal(answer, [501], new RegExp(`needs ${system}, which this proxy does not have`));
    }
  });
});
