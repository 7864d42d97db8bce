// Everything that can come to be other than it was installed is broken, one thing at a time: it is put right, and it is said.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { ProcessView } from "./domain/launch.ts";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { buildPolite, noGo } from "./testing/go-programs.ts";
import { killKeeper } from "./testing/keeper-kill.ts";

const page = "<p>served as it is</p>\n";

describe("what drifts from what was installed", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-drift-"));
  const root = mkdtempSync(join(folder, "root-"));
  const service = join(root, "services", "notes");
  const keeperScript = join(import.meta.dirname, "testing", "keeper-process.ts");
  let machine: TestMachine;
  let [one, two] = ["", ""];

  before(async () => {
    const tree = new Tree(join(folder, "tree"));
    [one, two] = ["1", "2"].map((version) => published(tree, folder, version)) as [string, string];
    tree.assign({ notes: one });
    machine = await openMachine(folder, tree, {
      root,
      repairMs: 100,
      supervision: { kind: "keeper", words: [process.execPath, keeperScript, root] },
    });
    await machine.until("notes", ({ running }) => running === one);
    tree.assign({ notes: two });
    await machine.until("notes", ({ state, running }) => state === "running" && running === two);
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    await killKeeper(root);
    rmSync(folder, { recursive: true, force: true });
  });

  const release = (...names: readonly string[]): string => join(service, "releases", two, ...names);
  const program = (): string => release("bin", "service");
  /** Undefined also while no keeper answers. */
  const kept = async (): Promise<ProcessView | undefined> =>
    (await machine.supervisor.views().catch(() => [])).find(
      (view) => view.kept && view.state === "running",
    );

  /** Never 0, which would be this test and all that runs beside it. */
  const pidOfKept = async (): Promise<number> => {
    const view = await kept();
    assert.ok(view !== undefined && view.pid > 0);
    return view.pid;
  };

  interface Drift {
    readonly title: string;
    break(): void | Promise<void>;
    readonly said: RegExp;
    isRight?(): boolean | Promise<boolean>;
  }
  const drifts: readonly Drift[] = [
    {
      title: "a file of the release that is removed",
      break: () => remove(release("share", "page.html")),
      said: /^share\/page\.html of notes was gone and is being restored$/,
    },
    {
      title: "a file of the release with other content of the same size",
      break: () => overwrite(release("share", "page.html"), page.replace("as it is", "as it was")),
      said: /^share\/page\.html of notes had other content and is being restored$/,
    },
    {
      title: "a file of the release with another mode",
      break: () => chmodSync(release("share", "page.html"), 0o666),
      said: /^share\/page\.html of notes had the mode 0666 and is being restored$/,
    },
    {
      title: "a file of the release that has grown",
      break: () => overwrite(release("share", "page.html"), `${page}${page}`),
      said: /^share\/page\.html of notes had other content and is being restored$/,
    },
    {
      title: "a program with another mode",
      break: () => chmodSync(program(), 0o444),
      said: /^bin\/service of notes had the mode 0444 and is being restored$/,
    },
    {
      title: "a file of the release that has become a folder",
      break: () => {
        remove(release("share", "page.html"));
        mkdirSync(release("share", "page.html", "deep"), { recursive: true });
      },
      said: /^share\/page\.html of notes had become a folder and is being restored$/,
    },
    {
      title: "a file of the release that has become a link to the same content",
      break: () => {
        copyFileSync(release("share", "page.html"), join(folder, "elsewhere.html"));
        remove(release("share", "page.html"));
        symlinkSync(join(folder, "elsewhere.html"), release("share", "page.html"));
      },
      said: /^share\/page\.html of notes had become a link and is being restored$/,
    },
    {
      title: "a folder of the release that is removed",
      break: () => remove(release("share")),
      said: /^share\/page\.html of notes was gone and is being restored$/,
    },
    {
      title: "a folder of the release that has become a link to a copy",
      break: () => {
        mkdirSync(join(folder, "elsewhere"));
        copyFileSync(release("share", "page.html"), join(folder, "elsewhere", "page.html"));
        remove(release("share"));
        symlinkSync(join(folder, "elsewhere"), release("share"));
      },
      said: /^the folder \S+\/share of notes had become a link and is being restored$/,
    },
    {
      title: "a folder of the release that others may write to",
      break: () => chmodSync(release("share"), 0o777),
      said: /^the folder \S+\/share of notes had the mode 0777 and was made read-only$/,
    },
    {
      title: "a release that is removed",
      break: () => remove(release()),
      said: /^the release [0-9a-f]{12} of notes was gone and is being installed again$/,
    },
    {
      title: "a release that has become a file",
      break: () => {
        remove(release());
        writeFileSync(release(), "");
      },
      said: /^the release [0-9a-f]{12} of notes had become a file and is being installed again$/,
    },
    {
      title: "a file whose kept content is altered as well",
      break: () => {
        const blob = join(root, "blobs", sha256(page));
        overwrite(blob, page.toUpperCase());
        overwrite(release("share", "page.html"), page.toUpperCase());
      },
      said: /^share\/page\.html of notes had other content and is being restored$/,
    },
    {
      title: "the link current that is removed",
      break: () => remove(join(service, "current")),
      said: /^the link current of notes was gone and was set right$/,
    },
    {
      title: "the link current that leads elsewhere",
      break: () => relink(join(service, "current"), `releases/${one}`),
      said: /^the link current of notes pointed to releases\/[0-9a-f]{64} and was set right$/,
    },
    {
      title: "the link current that has become a folder",
      break: () => {
        remove(join(service, "current"));
        mkdirSync(join(service, "current", "bin"), { recursive: true });
      },
      said: /^the link current of notes had become a folder and was set right$/,
    },
    {
      title: "the link previous that leads elsewhere",
      break: () => relink(join(service, "previous"), "releases"),
      said: /^the link previous of notes pointed to releases and was set right$/,
    },
    {
      title: "a process that is killed",
      break: async () => process.kill(await pidOfKept(), "SIGKILL"),
      said: /^notes was ended by SIGKILL and was started again$/,
    },
    {
      title: "a process that somebody ends by the keeper",
      break: async () => {
        const view = await kept();
        await machine.supervisor.stop("notes", view?.id ?? "", { graceMs: 0 });
      },
      said: /^notes was not running and is being started$/,
    },
    {
      title: "a program that is replaced, and started in its place",
      break: async () => {
        const strange = buildPolite(folder, "strange");
        const pid = await pidOfKept();
        replace(program(), strange);
        // Not by the agent, which would put the file right before.
        process.kill(pid, "SIGKILL");
      },
      said: /^bin\/service of notes had other content and is being restored$/,
      isRight: async () => (await textOf(await machine.urlOf("notes"))).startsWith("hello from 2,"),
    },
    {
      title: "a keeper that is killed",
      break: () => killKeeper(root),
      said: /^no keeper answers and one is being started$/,
    },
  ];

  for (const drift of drifts) {
    test(`${drift.title} is put right, and it is said`, async () => {
      const before = machine.decisions.length;
      await drift.break();
      const said = (): readonly string[] => machine.decisions.slice(before);
      await until(() => said().some((sentence) => drift.said.test(sentence)));
      await until(async () => isWhole(service, two) && (await drift.isRight?.()) !== false);
      await until(async () => (await kept()) !== undefined);
      const current = await textOf(await machine.urlOf("notes"));
      assert.match(current, /^hello from 2,/);
      await until(() => linkOf(join(service, "previous")) === `releases/${one}`);
      const whole = join(service, "current", "share", "page.html");
      assert.equal(readFileSync(whole, "utf8"), page);
    });
  }

  test("a file that is no part of the release is told of once, and left alone", async () => {
    chmodSync(release("share"), 0o755);
    writeFileSync(release("share", "notes.db"), "what the service has written");
    const told = (): readonly string[] =>
      machine.decisions.filter((sentence) => sentence.startsWith("share/notes.db lies in the"));
    await until(() => told().length > 0);
    assert.match(told()[0] ?? "", /and is no part of it: .* put such files elsewhere$/);
    const seen = machine.decisions.length;
    remove(join(service, "current"));
    await until(() => machine.decisions.slice(seen).some((line) => line.includes("link current")));
    assert.equal(told().length, 1);
    assert.ok(existsSync(release("share", "notes.db")));
  });
});

/** A release with two folders: a program, and what it might serve. */
function published(tree: Tree, folder: string, version: string): string {
  const id = tree.publish("notes", version, buildPolite(folder, version));
  const revision = tree.revisions.get(id);
  assert.ok(revision !== undefined);
  writeFileSync(join(tree.folder, "blobs", "sha256", sha256(page)), page);
  const file = { path: "share/page.html", mode: 0o644, size: page.length, sha256: sha256(page) };
  return tree.publishRevision({ ...revision, files: [...revision.files, file] });
}

/** Whether everything in it is as it was installed, modes included. */
function isWhole(service: string, id: string): boolean {
  const release = join(service, "releases", id);
  const modes = (["", "bin", "bin/service", "share", "share/page.html"] as const).map((path) => {
    const found = lstatSync(join(release, path), { throwIfNoEntry: false });
    return found?.isSymbolicLink() === true ? "link" : (found?.mode ?? 0) & 0o7777;
  });
  return (
    JSON.stringify(modes) === JSON.stringify([0o555, 0o555, 0o555, 0o555, 0o444]) &&
    readdirSync(join(release, "share")).join() === "page.html" &&
    readFileSync(join(release, "share", "page.html"), "utf8") === page &&
    linkOf(join(service, "current")) === `releases/${id}`
  );
}

function linkOf(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
    ? readlinkSync(path)
    : undefined;
}

/** As somebody does who does not care about modes. */
function remove(path: string): void {
  chmodSync(dirname(path), 0o755);
  rmSync(path, { recursive: true, force: true });
}

function overwrite(path: string, content: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, content);
}

function replace(path: string, by: string): void {
  chmodSync(dirname(path), 0o755);
  copyFileSync(by, `${path}.other`);
  renameSync(`${path}.other`, path);
}

function relink(path: string, target: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
