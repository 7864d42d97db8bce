import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ModulePath } from "@stoa/gomod";
import { checkModuleZip, memorySource } from "@stoa/gomod/zip";
import { refusingUpstream } from "../../domain/refusing-upstream.ts";
import type { Upstream } from "../../domain/upstream.ts";
import { goImportPage } from "./testing/git-server.ts";
import { git, RepositoryDraft } from "./testing/repository-draft.ts";
import { moduleVersion, openScene } from "./testing/scene.ts";

const skip = spawnSync("git", ["version"]).error !== undefined && "there is no git on this machine";
const never = new AbortController().signal;
const place = "github.com/o/r";
const path = place as ModulePath;
const module = moduleVersion(`${place}@v1.0.0`);

/** A module with one version, and a commit after it. */
function simpleDraft(): RepositoryDraft {
  const draft = new RepositoryDraft();
  draft.commit({ "go.mod": `module ${place}\n`, "a.go": "package r\n" });
  draft.tag("v1.0.0");
  draft.commit({ "a.go": "package r // 2\n" });
  return draft;
}

async function zipOf(upstream: Upstream, wanted = module): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await upstream.zip(wanted, never)).body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const nothing = { mostBytes: 0, mostObjects: 0 };
const commitsAlone = [{ filter: "blob:none", limits: nothing }, { filter: "tree:0" }] as const;

describe("gitUpstream", { skip }, () => {
  describe("what it gives", () => {
    it("is list, latest, info, mod and zip", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      const { upstream } = scene;
      assert.deepEqual(await upstream.list(path, never), ["v1.0.0"]);
      assert.equal((await upstream.resolve(path, "latest", never)).info.version, "v1.0.0");
      const info = await upstream.info(module, never);
      assert.match(
        Buffer.from(info.bytes).toString(),
        /^\{"Version":"v1.0.0","Time":"2024-01-03T03:04:05Z","Origin":\{"VCS":"git","URL":"https:\/\/github.com\/o\/r","Hash":"[0-9a-f]{40}","Ref":"refs\/tags\/v1.0.0"\}\}$/,
      );
      assert.equal(info.from, "direct");
      assert.equal(Buffer.from(await upstream.mod(module, never)).toString(), `module ${place}\n`);
      const checked = await checkModuleZip(memorySource(await zipOf(upstream)), module);
      assert.equal(checked.files, 2);
    });

    it("is the same for a go line that is newer than any go command", async () => {
      const draft = new RepositoryDraft();
      draft.commit({ "go.mod": `module ${place}\n\ngo 1.999.0\n`, "a.go": "package r\n" });
      draft.tag("v1.0.0");
      await using scene = await openScene({ repositories: { [place]: draft } });
      assert.equal(
        (await checkModuleZip(memorySource(await zipOf(scene.upstream)), module)).files,
        2,
      );
    });

    it("is no go.mod that no go command would take", async () => {
      const draft = new RepositoryDraft();
      draft.commit({ "go.mod": `module ${place}\n// ${"x".repeat(2 ** 24)}\n` });
      draft.tag("v1.0.0");
      await using scene = await openScene({ repositories: { [place]: draft } });
      const refusal = { code: "invalid_module", message: /go\.mod.* is larger than 1/ };
      await assert.rejects(scene.upstream.mod(module, never), refusal);
      await assert.rejects(zipOf(scene.upstream), refusal);
    });

    it("has a list of a module without tags, and none of one that is not there", async () => {
      const draft = new RepositoryDraft();
      draft.commit({ "go.mod": `module ${place}\n` });
      await using scene = await openScene({ repositories: { [place]: draft } });
      assert.deepEqual(await scene.upstream.list(path, never), []);
      await assert.rejects(scene.upstream.list(`${place}/sub` as ModulePath, never), {
        code: "not_found",
      });
    });

    it("does not depend on anybody's configuration", async () => {
      const draft = new RepositoryDraft();
      draft.commit({
        "go.mod": `module ${place}\n`,
        "a.txt": "one\r\ntwo\n",
        ".gitattributes": "*.x filter=up\n",
        "b.x": "x\n",
      });
      draft.tag("v1.0.0");
      await using plain = await openScene({ repositories: { [place]: draft } });
      const expected = await zipOf(plain.upstream);

      await using scene = await openScene({
        repositories: { [place]: draft },
        upstream: { readsUserConfiguration: true },
      });
      await writeFile(
        join(scene.folder, ".gitconfig"),
        `[core]\nautocrlf = true\nattributesFile = ${scene.folder}/attributes\n[filter "up"]\nsmudge = tr a-z A-Z\n[tar]\numask = 0\n`,
      );
      await writeFile(join(scene.folder, "attributes"), "* eol=crlf ident\n");
      assert.deepEqual(await zipOf(scene.upstream), expected);
    });
  });

  describe("what it does not find", () => {
    /** What is asked for, and a word of the failure. */
    const absences: readonly (readonly [string, RegExp])[] = [
      ["github.com/o/r@v1.9.0", /unknown revision v1.9.0/],
      ["github.com/o/none@v1.0.0", /no such repository/],
      ["github.com/o@v1.0.0", /no repositories at such paths/],
      ["github.com/o/r/v2@v2.0.0", /unknown revision v2.0.0/],
      ["go.example/m@v1.0.0", /no go-import tags/],
    ];
    for (const [wanted, words] of absences) {
      it(wanted, async () => {
        await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
        const asked = moduleVersion(wanted);
        await assert.rejects(
          scene.upstream.info(asked, never),
          (failure: { code: string; message: string }) => {
            assert.equal(failure.code, "not_found");
            assert.match(failure.message, words);
            return true;
          },
        );
      });
    }

    it("is nothing that could be an option of git", async () => {
      const draft = simpleDraft();
      draft.branch("--upload-pack=touch${IFS}x");
      await using scene = await openScene({ repositories: { [place]: draft } });
      for (const query of [
        "--upload-pack=touch",
        "-v",
        "--help",
        "-n1",
        "--output=/tmp/x",
        "HEAD^",
        "main~1",
        ":/commit",
        "@{1}",
        "main:go.mod",
      ]) {
        await assert.rejects(
          scene.upstream.resolve(path, query, never),
          (failure: { code: string }) => ["not_found", "bad_request"].includes(failure.code),
        );
      }
      scene.server.pages.set("go.example/m", goImportPage("go.example/m git --upload-pack=touch"));
      scene.server.pages.set("go.example/n", goImportPage("go.example/n git ext::touch%20/tmp/x"));
      scene.server.pages.set(
        "go.example/o",
        goImportPage("go.example/o git https://github.com/o/r --output=x"),
      );
      for (const name of ["m", "n", "o"]) {
        await assert.rejects(scene.upstream.list(`go.example/${name}` as ModulePath, never), {
          code: "not_found",
        });
      }
    });
  });

  describe("failures of hosts", () => {
    it("are told apart from absence", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      const failWith = (status: number) => {
        scene.server.intercept = () => ({ status });
      };
      failWith(503);
      await assert.rejects(scene.upstream.info(module, never), {
        code: "upstream_unavailable",
        message: /github\.com/,
      });
      await assert.rejects(scene.upstream.list("go.example/m" as ModulePath, never), {
        code: "upstream_unavailable",
      });
      failWith(403);
      await assert.rejects(scene.upstream.info(module, never), {
        code: "refused",
        message: /credentials/,
      });
      await assert.rejects(scene.upstream.list("go.example/m" as ModulePath, never), {
        code: "refused",
      });
      failWith(404);
      await assert.rejects(scene.upstream.info(module, never), { code: "not_found" });
    });

    it("include silence", async () => {
      const deadlines = { pageMs: 300, silenceMs: 300, totalMs: 20_000 };
      await using scene = await openScene({ upstream: { deadlines } });
      scene.server.intercept = () => "silence";
      await assert.rejects(scene.upstream.info(module, never), {
        code: "timed_out",
        message: /heard nothing/,
      });
      await assert.rejects(scene.upstream.list("go.example/m" as ModulePath, never), {
        code: "timed_out",
      });
    });

    it("do not hide versions that are known", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      await scene.upstream.info(module, never);
      scene.server.intercept = () => ({ status: 503 });
      const expected = await zipOf(scene.upstream);
      await assert.rejects(scene.upstream.list(path, never), { code: "upstream_unavailable" });
      await assert.rejects(scene.upstream.info(moduleVersion(`${place}@v1.1.0`), never), {
        code: "upstream_unavailable",
      });

      await scene.upstream[Symbol.asyncDispose]();
      assert.deepEqual(await zipOf(scene.again()), expected); // a later process knows them, too
    });

    it("include a login that is wanted", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      scene.server.passwords.set("github.com", "me:secret");
      await assert.rejects(scene.upstream.info(module, never), {
        code: "refused",
        message: /credentials for github\.com/,
      });
    });

    it("end a call whose signal is aborted, with its reason", async () => {
      await using scene = await openScene();
      scene.server.intercept = () => "silence";
      const leaving = new AbortController();
      const asked = scene.upstream.info(module, leaving.signal);
      leaving.abort(new Error("gone"));
      await assert.rejects(asked, { message: "gone" });
    });
  });

  describe("credentials", () => {
    /** The repository at the server's own address, where logins are sent. */
    async function guarded(options: Parameters<typeof openScene>[0] = {}) {
      const draft = new RepositoryDraft();
      draft.commit({ "go.mod": "module go.example/m\n" });
      draft.tag("v1.0.0");
      const scene = await openScene({ repositories: { "store/m": draft }, ...options });
      scene.server.passwords.set("store", "me:secret");
      const url = `${scene.server.url}/store/m`;
      scene.server.pages.set("go.example/m", goImportPage(`go.example/m git ${url}`));
      return scene;
    }
    const wanted = moduleVersion("go.example/m@v1.0.0");

    it("are logins by host", async () => {
      const credentials = async () => ({ login: "me", password: "secret", from: "x" });
      await using scene = await guarded({ upstream: { credentials } });
      assert.equal((await scene.upstream.info(wanted, never)).info.version, "v1.0.0");
    });

    it("are read anew each time", async () => {
      let password = "wrong";
      const credentials = async () => ({ login: "me", password, from: "the vault" });
      await using scene = await guarded({ upstream: { credentials } });
      await assert.rejects(scene.upstream.info(wanted, never), {
        code: "refused",
        message: /does not accept the login that this proxy has from the vault/,
      });
      password = "secret";
      assert.equal((await scene.upstream.info(wanted, never)).info.version, "v1.0.0");
    });

    it("are what .netrc in the home folder has", async () => {
      await using scene = await guarded();
      await writeFile(join(scene.folder, ".netrc"), "machine 127.0.0.1 login me password secret\n");
      assert.equal((await scene.upstream.info(wanted, never)).info.version, "v1.0.0");
    });

    it("are what a helper of the user's git gives", async () => {
      await using scene = await guarded({
        upstream: { readsUserConfiguration: true },
        environment: { GIT_CONFIG_GLOBAL: "" },
      });
      const helper = "!f() { echo username=me; echo password=secret; }; f";
      await scene.upstream[Symbol.asyncDispose]();
      await writeFile(join(scene.folder, "config"), `[credential]\nhelper = "${helper}"\n`);
      const environment = {
        ...scene.server.environment,
        HOME: scene.folder,
        GIT_CONFIG_GLOBAL: join(scene.folder, "config"),
      };
      const upstream = scene.again({ environment });
      assert.equal((await upstream.info(wanted, never)).info.version, "v1.0.0");
    });

    it("do not appear in failures", async () => {
      const credentials = async () => ({ login: "me", password: "oops", from: "x" });
      await using scene = await guarded({ upstream: { credentials } });
      await assert.rejects(scene.upstream.info(wanted, never), (failure: Error) => {
        assert.doesNotMatch(failure.message, /oops|b29wcw/);
        return true;
      });
    });
  });

  describe("what it may visit", () => {
    it("is no private address, unless the module is one that may", async () => {
      await using scene = await openScene({ rules: { privateAddresses: "ok.example" } });
      const environment = { PATH: scene.server.environment["PATH"] ?? "", HOME: scene.folder };
      const lookupAddresses = async () => ["127.0.0.1"];
      const upstream = scene.again({ environment, lookupAddresses });
      await assert.rejects(upstream.list("bad.example/m" as ModulePath, never), {
        code: "refused",
      });
      await assert.rejects(upstream.list("bad.example/m.git" as ModulePath, never), {
        code: "refused",
      });
      await assert.rejects(upstream.list("127.0.0.1/m" as ModulePath, never), { code: "refused" });
      await assert.rejects(upstream.list("169.254.169.254/latest.git" as ModulePath, never), {
        code: "refused",
      });
      assert.deepEqual(scene.server.requests, []);
    });

    it("is not what a page of a public host names", async () => {
      await using scene = await openScene({ rules: { privateAddresses: "" } });
      const { url } = scene.server;
      scene.server.pages.set("go.example/m", goImportPage(`go.example/m git ${url}/store/m`));
      scene.server.pages.set("go.example/p", goImportPage(`go.example/p mod ${url}/store/p`));
      const upstream = scene.again({
        proxyAt: () => refusingUpstream("p", "bad_request", "asked"),
      });
      await assert.rejects(upstream.list("go.example/m" as ModulePath, never), {
        code: "refused",
        message: /private address/,
      });
      await assert.rejects(upstream.list("go.example/p" as ModulePath, never), {
        code: "refused",
        message: /private address/,
      });
      assert.ok(scene.server.requests.every((request) => !request.includes("store")));
    });

    it("is not an address without TLS, unless the module may", async () => {
      await using scene = await openScene({ rules: { insecure: "" } });
      scene.server.pages.set(
        "go.example/m",
        goImportPage(`go.example/m git ${scene.server.url}/store/m`),
      );
      await assert.rejects(scene.upstream.list("go.example/m" as ModulePath, never), {
        code: "upstream_unavailable",
      });
      assert.ok(scene.server.requests.every((request) => !request.includes("store")));
    });

    it("is the new place of a repository that has moved", async () => {
      const draft = new RepositoryDraft();
      draft.commit({ "go.mod": "module go.example/m\n" });
      draft.tag("v1.0.0");
      await using scene = await openScene({
        repositories: { "host.example/new/r": draft },
        rules: { privateAddresses: "" },
        upstream: { lookupAddresses: async () => [] },
      });
      const address = "http://host.example/old/r";
      scene.server.pages.set("go.example/m", goImportPage(`go.example/m git ${address}`));
      scene.server.intercept = (target) =>
        target.startsWith("host.example/old/r")
          ? { status: 301, headers: { location: `http://${target.replace("/old/", "/new/")}` } }
          : undefined;
      const { info } = await scene.upstream.info(moduleVersion("go.example/m@v1.0.0"), never);
      assert.equal(info.origin?.url, address);
    });

    for (const [address, code] of [
      ["svn svn+ssh://svn.example/m", "unsupported"],
      ["svn svn://svn.example/m", "unsupported"],
      ["bzr bzr+ssh://bzr.example/m", "unsupported"],
      ["bzr bzr://bzr.example/m", "unsupported"],
      ["git svn+ssh://git.example/m", "not_found"],
      ["hg ext::sh", "not_found"],
      ["svn file:///m", "not_found"],
    ] as const) {
      it(`has an address that its system knows: ${address} is ${code}`, async () => {
        await using scene = await openScene({ rules: { govcs: "*:all" } });
        scene.server.pages.set("go.example/m", goImportPage(`go.example/m ${address}`));
        await assert.rejects(scene.upstream.list("go.example/m" as ModulePath, never), { code });
      });
    }

    it("is what GOVCS allows, and of that only git", async () => {
      await using scene = await openScene({ rules: { govcs: "hg.example:hg,off.example:off" } });
      await assert.rejects(scene.upstream.list("a.example/m.hg" as ModulePath, never), {
        code: "refused",
        message: /GOVCS/,
      });
      await assert.rejects(scene.upstream.list("off.example/m.git" as ModulePath, never), {
        code: "refused",
      });
      await assert.rejects(scene.upstream.list("hg.example/m.hg" as ModulePath, never), {
        code: "unsupported",
        message: /hg/,
      });
      assert.deepEqual(scene.server.requests, []);
    });

    it("is a module proxy that a page names", async () => {
      await using scene = await openScene();
      scene.server.pages.set(
        "go.example/m",
        goImportPage("go.example/m mod https://proxy.example/p"),
      );
      const asked: string[] = [];
      const proxyAt = (url: string) => {
        asked.push(url);
        return refusingUpstream("p", "not_found", "asked");
      };
      const upstream = scene.again({ proxyAt });
      await assert.rejects(upstream.list("go.example/m" as ModulePath, never), {
        message: "asked",
      });
      assert.deepEqual(asked, ["https://proxy.example/p"]);
      await assert.rejects(scene.upstream.list("go.example/m" as ModulePath, never), {
        code: "unsupported",
      });
    });
  });

  describe("mirrors", () => {
    const fetches = (requests: readonly string[]) =>
      requests.filter((request) => request.startsWith("POST")).length;

    it("are shared by all who ask at the same time", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      await Promise.all(
        Array.from({ length: 10 }, () =>
          Promise.all([
            scene.upstream.info(module, never),
            scene.upstream.mod(module, never),
            zipOf(scene.upstream),
          ]),
        ),
      );
      assert.equal(fetches(scene.server.requests), 2); // the names, and everything else
    });

    it("fetch nothing for what is there", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      await zipOf(scene.upstream);
      scene.server.requests.length = 0;
      await zipOf(scene.upstream);
      await scene.upstream.mod(module, never);
      assert.deepEqual(scene.server.requests, []);
    });

    it("learn of new tags and commits", async () => {
      const draft = simpleDraft();
      await using scene = await openScene({ repositories: { [place]: draft } });
      await scene.upstream.info(module, never);
      draft.commit({ "a.go": "package r // 3\n" });
      draft.tag("v1.1.0");
      await draft.write(scene.repositoryAt(place));
      assert.equal(
        (await scene.upstream.info(moduleVersion(`${place}@v1.1.0`), never)).info.version,
        "v1.1.0",
      );
      assert.deepEqual(await scene.upstream.list(path, never), ["v1.0.0", "v1.1.0"]);
      assert.equal((await scene.upstream.resolve(path, "main", never)).info.version, "v1.1.0");
    });

    it("follow branches that were rewritten and names that became directories", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      const other = simpleDraft();
      other.branch("topic");
      await other.write(scene.repositoryAt(place));
      await scene.upstream.resolve(path, "topic", never);
      await git(scene.repositoryAt(place), ["branch", "-D", "topic"]);
      await git(scene.repositoryAt(place), ["branch", "topic/one", "v1.0.0"]);
      await git(scene.repositoryAt(place), ["update-ref", "refs/heads/main", "v1.0.0"]);
      assert.equal((await scene.upstream.resolve(path, "main", never)).info.version, "v1.0.0");
      await assert.rejects(scene.upstream.resolve(path, "topic", never), { code: "not_found" });
    });

    it("do not see commits that no branch or tag leads to", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      const folder = scene.repositoryAt(place);
      const tree = (await git(folder, ["rev-parse", "main^{tree}"])).trim();
      const user = ["-c", "user.name=a", "-c", "user.email=b"];
      const hash = (await git(folder, [...user, "commit-tree", tree, "-m", "x"])).trim();
      await git(folder, ["update-ref", "refs/pull/1/head", hash]);
      await assert.rejects(scene.upstream.resolve(path, hash, never), { code: "not_found" });
    });

    for (const [name, configuration] of [
      ["knows no filters", ["uploadpack.allowFilter", "false"]],
      ["does not know this filter", ["uploadpackfilter.tree.allow", "false"]],
    ] as const) {
      it(`come whole from a server that ${name}`, async () => {
        await using scene = await openScene({
          repositories: { [place]: simpleDraft() },
          mirrors: { fillSteps: commitsAlone },
        });
        await git(scene.repositoryAt(place), ["config", ...configuration]);
        const zip = await zipOf(scene.upstream);
        assert.equal((await checkModuleZip(memorySource(zip), module)).files, 2);
        scene.server.requests.length = 0;
        await zipOf(scene.upstream);
        assert.deepEqual(scene.server.requests, []);
      });
    }

    it("come whole from a server that sends no single objects", async () => {
      await using scene = await openScene({
        repositories: { [place]: simpleDraft() },
        mirrors: { fillSteps: commitsAlone },
      });
      // Only the old protocol refuses what no name leads to.
      scene.server.intercept = (_target, request) => {
        delete request.headers["git-protocol"];
        return undefined;
      };
      const zips = await Promise.all([zipOf(scene.upstream), zipOf(scene.upstream)]);
      for (const zip of zips)
        assert.equal((await checkModuleZip(memorySource(zip), module)).files, 2);
    });

    it("are not larger than they may be", async () => {
      const draft = simpleDraft();
      draft.commit({ "large.bin": randomBytes(3 * 2 ** 20) });
      await using scene = await openScene({
        repositories: { [place]: draft },
        mirrors: { mostFetchBytes: 2 ** 20, fillSteps: [{ filter: "" }] },
      });
      await assert.rejects(scene.upstream.info(module, never), {
        code: "refused",
        message: /1 MiB/,
      });
    });

    it("that are least used are removed when all together are too large", async () => {
      const drafts = ["a", "b", "c"].map((name) => {
        const draft = new RepositoryDraft();
        draft.commit({ "go.mod": `module github.com/o/${name}\n`, "x.bin": randomBytes(100_000) });
        draft.tag("v1.0.0");
        return [`github.com/o/${name}`, draft] as const;
      });
      await using scene = await openScene({
        repositories: Object.fromEntries(drafts),
        mirrors: { mostBytes: 260_000 },
      });
      for (const [name] of drafts)
        await scene.upstream.info(moduleVersion(`${name}@v1.0.0`), never);
      await scene.upstream[Symbol.asyncDispose](); // waits for the tidying
      const left = (await readdir(scene.mirrorFolder)).filter((name) => !name.startsWith("."));
      assert.deepEqual(left.map((name) => name.replace(/-\w+$/, "")).sort(), [
        "github.com+o+b",
        "github.com+o+c",
      ]);
      const again = scene.again();
      assert.equal(
        (await again.info(moduleVersion("github.com/o/a@v1.0.0"), never)).info.version,
        "v1.0.0",
      );
    });

    it("that are removed all the time never disturb who uses them", async () => {
      const names = ["a", "b", "c", "d"].map((name) => `github.com/o/${name}`);
      const drafts = names.map((name) => {
        const draft = new RepositoryDraft();
        draft.commit({ "go.mod": `module ${name}\n`, "x.bin": randomBytes(50_000) });
        draft.tag("v1.0.0");
        return [name, draft] as const;
      });
      await using scene = await openScene({
        repositories: Object.fromEntries(drafts),
        mirrors: { mostBytes: 1 },
      });
      const ask = async (name: string): Promise<void> => {
        const wanted = moduleVersion(`${name}@v1.0.0`);
        for (let times = 0; times < 8; times++) {
          await scene.upstream.info(wanted, never);
          await scene.upstream.list(name as ModulePath, never);
          await zipOf(scene.upstream, wanted);
        }
      };
      await Promise.all([...names, ...names].map(ask));
      assert.ok(fetches(scene.server.requests) > 8, "no mirror was removed meanwhile");
    });

    it("have a part each where several upstreams share their folder", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      const other = scene.again();
      const zips = await Promise.all([zipOf(scene.upstream), zipOf(other)]);
      assert.deepEqual(zips[0], zips[1]);
      const parts = async () =>
        (await readdir(join(scene.mirrorFolder, ".."))).filter((name) => !name.startsWith("."));
      assert.deepEqual((await parts()).sort(), ["1", "2"]);
      await scene.upstream[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await zipOf(scene.again());
      assert.deepEqual((await parts()).sort(), ["1", "2"]);
    });

    it("that cannot be written are told apart from what hosts say", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      await rm(join(scene.mirrorFolder, ".."), { recursive: true, force: true });
      await writeFile(join(scene.mirrorFolder, ".."), "a file in the way");
      await assert.rejects(scene.upstream.info(module, never), {
        code: "store_unavailable",
        message: /folder for mirrors/,
      });
    });

    it("that are damaged are made anew", async () => {
      await using scene = await openScene({ repositories: { [place]: simpleDraft() } });
      const expected = await zipOf(scene.upstream);
      await scene.upstream[Symbol.asyncDispose]();
      const [name = ""] = (await readdir(scene.mirrorFolder)).filter(
        (entry) => !entry.startsWith("."),
      );
      const objects = join(scene.mirrorFolder, name, "objects", "pack");
      for (const pack of await readdir(objects)) await rm(join(objects, pack));
      assert.deepEqual(await zipOf(scene.again()), expected);

      await rm(join(scene.mirrorFolder, name, "HEAD"));
      assert.deepEqual(await zipOf(scene.again()), expected);
    });

    it("give the same zips whatever was packed before", async () => {
      const draft = new RepositoryDraft();
      const text = (seed: string) => seed.repeat(3000);
      const files = { "a.go": text("a\n"), "b/b.go": text("b\n"), "b/same.go": text("a\n") };
      draft.commit({ ...files, "go.mod": `module ${place}\n`, LICENSE: "L" });
      draft.tag("v1.0.0");
      draft.commit({ "b/b.go": text("c\n"), ".gitattributes": "a.go text\n", "d.go": "d" });
      draft.tag("v1.1.0");
      draft.commit({ ".gitattributes": "*.go text eol=crlf\n" });
      draft.tag("v1.2.0");
      await using scene = await openScene({ repositories: { [place]: draft } });
      for (const version of ["v1.0.0", "v1.1.0", "v1.2.0", "v1.1.0", "v1.0.0"]) {
        const wanted = moduleVersion(`${place}@${version}`);
        await using fresh = scene.again({
          mirrors: { folder: join(scene.folder, "fresh"), mostBytes: 1, mostFetchBytes: 2 ** 30 },
        });
        assert.deepEqual(
          await zipOf(scene.upstream, wanted),
          await zipOf(fresh, wanted),
          `of ${version}`,
        );
      }
    });

    it("that are damaged while a zip is read break it off, and are made anew", async () => {
      const draft = new RepositoryDraft();
      const large = Object.fromEntries(
        ["a", "b", "c"].map((name) => [name, randomBytes(2 ** 21)] as const),
      );
      draft.commit({ ...large, "go.mod": `module ${place}\n` });
      draft.tag("v1.0.0");
      await using scene = await openScene({ repositories: { [place]: draft } });
      const begun = (await scene.upstream.zip(module, never)).body[Symbol.asyncIterator]();
      assert.equal((await begun.next()).done, false);
      const [name = ""] = (await readdir(scene.mirrorFolder)).filter(
        (entry) => !entry.startsWith("."),
      );
      await rm(join(scene.mirrorFolder, name, "objects"), { recursive: true });
      const rest = { [Symbol.asyncIterator]: () => begun };
      await assert.rejects(Array.fromAsync(rest), {
        code: "upstream_unavailable",
        message: /mirror .* was damaged .* ask again/,
      });
      assert.ok((await zipOf(scene.upstream)).length > 3 * 2 ** 21);
    });

    it("stay while a zip is read that was made of them", async () => {
      const draft = new RepositoryDraft();
      draft.commit({
        "go.mod": `module ${place}\n`,
        "a.bin": randomBytes(2 ** 21),
        b: randomBytes(2 ** 21),
      });
      draft.tag("v1.0.0");
      const other = "github.com/o/other";
      await using scene = await openScene({
        repositories: { [place]: draft, [other]: simpleDraft() },
        mirrors: { mostBytes: 1000 },
      });
      const begun = (await scene.upstream.zip(module, never)).body[Symbol.asyncIterator]();
      assert.equal((await begun.next()).done, false);
      await scene.upstream.list(other as ModulePath, never);
      await scene.upstream.list(other as ModulePath, never);
      scene.server.requests.length = 0;
      const rest = await Array.fromAsync({ [Symbol.asyncIterator]: () => begun });
      assert.ok(Buffer.concat(rest).length > 2 ** 21);
      assert.deepEqual(scene.server.requests, []);
    });

    it("leave nothing lying about", async () => {
      const draft = simpleDraft();
      draft.commit({ "nested/go.mod": "module x\n", "nested/x.go": "package x\n" });
      draft.tag("v1.2.0");
      await using scene = await openScene({ repositories: { [place]: draft } });
      await zipOf(scene.upstream, moduleVersion(`${place}@v1.2.0`));
      const returned = await scene.upstream.zip(module, never);
      await returned.body[Symbol.asyncIterator]().return?.();
      const begun = (await scene.upstream.zip(module, never)).body[Symbol.asyncIterator]();
      await begun.next();
      await begun.return?.();
      await scene.upstream[Symbol.asyncDispose]();
      assert.deepEqual(await readdir(join(scene.mirrorFolder, ".scratch")), []);
    });
  });

  it("without git opens, and says what is missing", async () => {
    await using scene = await openScene({ upstream: { gitCommand: "no-such-git" } });
    await assert.rejects(scene.upstream.info(module, never), {
      code: "unsupported",
      message: /git/,
    });
    await assert.rejects(scene.upstream.list(path, never), { code: "unsupported", message: /git/ });
  });

  it("refuses GOVCS rules that cannot be read", async () => {
    await assert.rejects(openScene({ rules: { govcs: "nonsense" } }), { kind: "GOVCS entry" });
  });
});
