// Lifecycles with real scripts, in a scratch root.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { linuxPermissions } from "./adapters/linux/linux-permissions.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import {
  type InstallParts,
  type InstallStep,
  installBundle,
  installedRecord,
  installSteps,
  recoverInstall,
} from "./application/install-bundle.ts";
import { openBundle } from "./application/open-bundle.ts";
import { type LocalDeployment, type LocalOutcome, runLocally } from "./local-lifecycle.ts";
import { until } from "./testing/ask.ts";

describe("a lifecycle", () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-lifecycle-"));
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const scratch = (): string => mkdtempSync(join(folder, "case-"));

  test("runs every event in CodeDeploy's order, with its variables, and logs what scripts say", async () => {
    const root = scratch();
    const script =
      "#!/bin/sh\necho $LIFECYCLE_EVENT of $APPLICATION_NAME in $DEPLOYMENT_GROUP_NAME; echo oops >&2\n";
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec([
        "BeforeInstall",
        "AfterInstall",
        "ApplicationStart",
        "ValidateService",
        "ApplicationStop",
      ]),
      "run.sh": script,
      "app/web": "one",
    });
    const { events, scriptsLog } = await deploy(root);
    assert.deepEqual(
      events
        .filter(({ event }) => !event.includes("Traffic"))
        .map(({ event, state }) => `${event} ${state}`),
      [
        "ApplicationStop Succeeded",
        "DownloadBundle Succeeded",
        "BeforeInstall Succeeded",
        "Install Succeeded",
        "AfterInstall Succeeded",
        "ApplicationStart Succeeded",
        "ValidateService Succeeded",
      ],
    );
    const log = readFileSync(scriptsLog, "utf8");
    assert.match(log, /LifecycleEvent - BeforeInstall\n.* Script - run.sh\n/);
    assert.match(log, /\[stdout\]BeforeInstall of shop in fleet\n/);
    assert.match(log, /\[stderr\]oops\n/);
    assert.doesNotMatch(log, /\[stdout\]ApplicationStop/, "nothing was installed before");
    assert.equal(readFileSync(join(root, "machine/srv/shop/web"), "utf8"), "one");
  });

  test("stops with the scripts of the revision before, and passes over one that fails", async () => {
    const root = scratch();
    const stopping = (what: string) => ({
      "appspec.yml": appspec(["ApplicationStop"]),
      "run.sh": `#!/bin/sh\necho ${what}\nexit 1\n`,
      "app/web": what,
    });
    writeBundle(join(root, "bundle"), stopping("one"));
    await deploy(root);
    writeBundle(join(root, "bundle"), stopping("two"));
    const said: string[] = [];
    const second = await deploy(root, { said: (sentence) => said.push(sentence) });
    assert.equal(stateOf(second, "ApplicationStop"), "Failed");
    assert.equal(stateOf(second, "ValidateService"), "Succeeded");
    assert.match(readFileSync(second.scriptsLog, "utf8"), /\[stdout\]one/);
    assert.ok(said.some((sentence) => sentence.includes("was passed over")));

    const third = await deploy(root, { strict: true });
    assert.equal(stateOf(third, "ApplicationStop"), "Failed");
    assert.equal(stateOf(third, "Install"), "Skipped");
  });

  test("a script that does not end is killed with everything it has started", async () => {
    const root = scratch();
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec(["AfterInstall"], 1),
      "run.sh": `#!/bin/sh\nsleep 600 &\necho $! > ${root}/child\nsleep 600\n`,
      "app/web": "one",
    });
    const outcome = await deploy(root);
    const failed = outcome.events.find(({ event }) => event === "AfterInstall");
    assert.equal(failed?.code, 3);
    assert.equal(failed?.sentence, "AfterInstall: run.sh did not end within 1 s");
    assert.equal(stateOf(outcome, "ApplicationStart"), "Skipped");
    const child = Number(readFileSync(join(root, "child"), "utf8"));
    await until(() => !isAlive(child));
  });

  test("a service that a start script leaves behind does not hold up the deployment, and lives on", async () => {
    const root = scratch();
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec(["ApplicationStart"]),
      "run.sh": `#!/bin/sh\nsleep 600 &\necho $! > ${root}/child\n`,
      "app/web": "one",
    });
    assert.equal(stateOf(await deploy(root), "ApplicationStart"), "Succeeded");
    const child = Number(readFileSync(join(root, "child"), "utf8"));
    assert.ok(isAlive(child));
    process.kill(child, "SIGKILL");
  });

  test("in strict mode such a service holds it up until the time is over, as CodeDeploy does", async () => {
    const root = scratch();
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec(["ApplicationStart"], 1),
      "run.sh": `#!/bin/sh\nsleep 600 &\necho $! > ${root}/child\n`,
      "app/web": "one",
    });
    const { events } = await deploy(root, { strict: true });
    assert.equal(events.find(({ event }) => event === "ApplicationStart")?.code, 6);
    process.kill(Number(readFileSync(join(root, "child"), "utf8")), "SIGKILL");
  });

  test("a file that others put there is refused before anything is touched, overwritten or retained as asked", async () => {
    for (const [behavior, content] of [
      ["OVERWRITE", "one"],
      ["RETAIN", "theirs"],
      ["DISALLOW", "theirs"],
    ] as const) {
      const root = scratch();
      writeBundle(join(root, "machine"), { "srv/shop/web": "theirs" });
      writeBundle(join(root, "bundle"), {
        "appspec.yml": appspec([]),
        "run.sh": "",
        "app/other": "1",
        "app/web": "one",
      });
      const outcome = await deploy(root, { behavior });
      assert.equal(readFileSync(join(root, "machine/srv/shop/web"), "utf8"), content);
      assert.equal(stateOf(outcome, "Install"), behavior === "DISALLOW" ? "Failed" : "Succeeded");
      assert.equal(existsSync(join(root, "machine/srv/shop/other")), behavior !== "DISALLOW");
    }
  });

  test("what the revision before had and this one has not is removed, and folders with it", async () => {
    const root = scratch();
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec([]),
      "app/web": "one",
      "app/old/page": "x",
    });
    await deploy(root);
    rmSync(join(root, "bundle/app/old"), { recursive: true });
    writeBundle(join(root, "bundle"), { "app/web": "two" });
    await deploy(root);
    assert.deepEqual(readdirSync(join(root, "machine/srv/shop")), ["web"]);
    assert.equal(readFileSync(join(root, "machine/srv/shop/web"), "utf8"), "two");
  });

  test("permissions are set", {
    skip: process.getuid?.() === 0 ? false : "only root may give files away",
  }, async () => {
    const root = scratch();
    const permissions = `permissions:
  - object: /srv/shop
    pattern: "**"
    owner: daemon
    group: daemon
    mode: 640
    acls:
      - "u:nobody:rx"
    type: [file]
`;
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec([]) + permissions,
      "app/web": "one",
    });
    assert.equal(stateOf(await deploy(root), "Install"), "Succeeded");
    const found = statSync(join(root, "machine/srv/shop/web"));
    assert.equal(found.uid, statSync("/").uid + 1);
    writeBundle(join(root, "bundle"), {
      "appspec.yml": appspec([]) + permissions.replace("owner: daemon", "owner: nosuchuser"),
    });
    const refused = await deploy(root);
    assert.match(
      refused.events.find(({ event }) => event === "Install")?.sentence ?? "",
      /^nothing was installed: there is no user nosuchuser/,
    );
  });

  test("a broken appspec is refused with its place", async () => {
    const root = scratch();
    writeBundle(join(root, "bundle"), {
      "appspec.yml": "version: 0.0\nos: linux\nhooks:\n  BeforInstall: []\n",
    });
    await assert.rejects(deploy(root), /appspec\.yml:4:\d+: error: /);
  });

  for (const step of installSteps) {
    test(`an installation that is interrupted at ${step} leaves the old files or the new ones`, async () => {
      const root = scratch();
      const bundleOf = async (id: string, files: Record<string, string>) => {
        const place = join(root, id);
        writeBundle(place, { "appspec.yml": appspec([]), ...files });
        return await openBundle(nodeDisk, {
          id,
          folder: place,
          appspecName: "appspec.yml",
          files: Object.keys(files).map((path) => ({ path, mode: 0o644, size: 3 })),
        });
      };
      const targetRoot = join(root, "machine");
      mkdirSync(targetRoot);
      const parts = {
        disk: nodeDisk,
        permissions: linuxPermissions,
        statePath: join(root, "installed"),
        targetRoot,
        reached: async () => undefined,
      };
      const seen = (): Record<string, string> => contentOf(join(targetRoot, "srv/shop"));
      await installBundle(
        parts,
        await bundleOf("one", { "app/a": "a1", "app/b": "b1", "app/gone/c": "c1" }),
        "DISALLOW",
      );
      const old = seen();
      const next = await bundleOf("two", { "app/a": "a2", "app/b": "b2", "app/new/d": "d2" });
      await assert.rejects(installBundle({ ...parts, ...poweredUntil(step) }, next, "DISALLOW"));
      await recoverInstall(parts);
      const { bundle } = await installedRecord(parts);
      assert.deepEqual(seen(), bundle === "one" ? old : { a: "a2", b: "b2", "new/d": "d2" });
      assert.equal(bundle, ["install-begun", "file-prepared"].includes(step) ? "one" : "two");
      await installBundle(parts, next, "DISALLOW");
      assert.deepEqual(seen(), { a: "a2", b: "b2", "new/d": "d2" });
    });
  }
});

/** From a step on nothing reaches the disk any more, not even what would tidy up. */
function poweredUntil(step: InstallStep): Pick<InstallParts, "disk" | "reached"> {
  let isOff = false;
  const powered = Object.entries(nodeDisk).map(([name, action]) => [
    name,
    (...words: unknown[]) => {
      if (isOff) throw new Error("the machine has no power");
      return (action as (...words: unknown[]) => unknown)(...words);
    },
  ]);
  return {
    disk: Object.fromEntries(powered),
    reached: async (at) => {
      isOff ||= at === step;
      if (isOff) throw new Error("the machine has lost its power");
    },
  };
}

function appspec(hooks: readonly string[], timeout = 60): string {
  const events = hooks.map(
    (event) => `  ${event}:\n    - location: run.sh\n      timeout: ${timeout}\n`,
  );
  return `version: 0.0
os: linux
files:
  - source: app
    destination: /srv/shop
${hooks.length === 0 ? "" : `hooks:\n${events.join("")}`}`;
}

function writeBundle(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    if (path.endsWith(".sh")) chmodSync(join(folder, path), 0o755);
  }
}

async function deploy(root: string, more: Partial<LocalDeployment> = {}): Promise<LocalOutcome> {
  mkdirSync(join(root, "machine"), { recursive: true });
  return await runLocally({
    files: filesIn(join(root, "bundle")),
    root: join(root, "state"),
    targetRoot: join(root, "machine"),
    application: "shop",
    group: "fleet",
    groupId: "g1",
    events: undefined,
    appspecName: undefined,
    behavior: "DISALLOW",
    strict: false,
    said: () => undefined,
    ...more,
  });
}

function filesIn(folder: string): LocalDeployment["files"] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const place = join(entry.parentPath, entry.name);
      const { mode, size } = statSync(place);
      return { path: place.slice(folder.length + 1), mode: mode & 0o777, size, place };
    });
}

function stateOf({ events }: LocalOutcome, name: string): string | undefined {
  return events.find(({ event }) => event === name)?.state;
}

function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
