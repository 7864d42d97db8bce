// The agent where systemd is in charge: real units, in a machine that boots.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Run, ServiceStatus } from "@stoa/deployment";
import { linuxProbe } from "./adapters/linux/linux-probe.ts";
import { textOf, until } from "./testing/ask.ts";
import { Tree } from "./testing/delivery.ts";
import {
  buildCrashing,
  buildGoagain,
  buildGrace,
  buildNotifying,
  buildPlain,
  buildPolite,
  noGo,
} from "./testing/go-programs.ts";
import { buildReplacing } from "./testing/replacing-program.ts";
import { buildSeveral } from "./testing/several-sockets.ts";
import { steadyLoad } from "./testing/steady-load.ts";
import { installAgent } from "./testing/systemd-agent.ts";
import {
  noSystemdMachine,
  type SystemdMachine,
  startSystemdMachine,
} from "./testing/systemd-machine.ts";

const root = "/var/lib/stoa-agent";

describe("where systemd is in charge", { skip: noGo ?? noSystemdMachine }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-systemd-"));
  const programs: Record<string, string> = {};
  const tree = new Tree(join(folder, "tree"));
  const killFile = join(folder, "kill-at");
  let machine: SystemdMachine;

  before(async () => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
    }
    programs["crashing"] = buildCrashing(folder, "3");
    writeFileSync(killFile, "");
    machine = await startSystemdMachine(folder);
    installAgent(machine, { root, folder, tree });
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const runs = async (revision: string, service = "notes"): Promise<ServiceStatus> => {
    const status = await tree.until(
      "one",
      service,
      ({ state, running, desired }) =>
        (state === "running" && running === revision) ||
        (state === "failed" && desired === revision),
    );
    assert.equal(status.state, "running", status.sentence);
    return status;
  };
  /** It runs, and nothing is under way any more. */
  const settled = async (revision: string, sinceMs = 0): Promise<void> => {
    const isIt = ({ state, running, step }: ServiceStatus): boolean =>
      state === "running" && running === revision && step === undefined;
    await tree.until("one", "notes", isIt, sinceMs);
  };
  const activeSlots = (): readonly string[] => {
    const words = ["--plain", "--no-legend", "--state=active", "stoa-notes.?.service"];
    return machine.run("systemctl", "list-units", ...words).match(/^stoa-notes\S+/gm) ?? [];
  };
  const activeSlot = (): string => {
    const slots = activeSlots();
    assert.equal(slots.length, 1);
    return slots[0] ?? "";
  };
  /** Kills all of a unit; that something of it has ended when its turn comes is no failure. */
  const killed = (unit: string): void => {
    machine.run("sh", "-c", 'systemctl kill --signal=KILL "$0" || :', unit);
  };
  const urlOf = async (revision: string, service = "notes"): Promise<string> =>
    `http://${(await runs(revision, service)).addresses?.["http"]}/`;
  const publish = (kind: string, version: string, more = {}, service = "notes"): string =>
    tree.publish(service, version, programs[`${kind}-${version}`] ?? "", more);

  for (const keepAlive of [false, true]) {
    test(`hands over without a failed request, with ${keepAlive ? "kept" : "new"} connections`, async () => {
      const versions = [
        publish("polite", "1", { readiness: "fd" }),
        publish("polite", "2", { readiness: "fd" }),
      ];
      tree.assign({ notes: versions[0]! });
      const load = steadyLoad(await urlOf(versions[0]!), keepAlive);
      await load.more(1);
      for (const wanted of [versions[1]!, versions[0]!, versions[1]!]) {
        tree.assign({ notes: wanted });
        await runs(wanted);
        await load.more(load.answers() + 20);
      }
      const { failures, answers, versions: seen } = await load.end();
      assert.deepEqual(failures, []);
      assert.ok(answers > 60, `only ${answers} answers`);
      assert.deepEqual([...seen].sort(), ["1", "2"]);
    });
  }

  test("the agent may be killed and started anew: the process runs on", async () => {
    const one = publish("polite", "1");
    tree.assign({ notes: one });
    const url = await urlOf(one);
    const before = await textOf(url);
    killed("stoa-agent");
    const since = Date.now();
    machine.run("systemctl", "restart", "stoa-agent");
    await settled(one, since);
    assert.equal(await textOf(url), before);
  });

  test("after a reboot the service is back before the agent, and can be handed over", async () => {
    const one = publish("polite", "1");
    const two = publish("polite", "2");
    tree.assign({ notes: one });
    const url = await urlOf(one);
    await settled(one);
    machine.run("systemctl", "disable", "stoa-agent");
    await machine.reboot();
    assert.match(await textOf(url), /^hello from 1,/);
    machine.run("systemctl", "enable", "--now", "stoa-agent");
    const load = steadyLoad(url, false);
    tree.assign({ notes: two });
    await settled(two);
    const { failures } = await load.end();
    assert.deepEqual(failures, []);
    assert.match(await textOf(url), /^hello from 2,/);
  });

  test("a process that is killed is started again by systemd, behind the same socket", async () => {
    const one = publish("polite", "1");
    tree.assign({ notes: one });
    const url = await urlOf(one);
    await settled(one);
    machine.run("systemctl", "stop", "stoa-agent");
    const before = await textOf(url);
    killed(activeSlot());
    // The connection waits in the socket until the process is back.
    const after = await textOf(url);
    assert.match(after, /^hello from 1,/);
    assert.notEqual(after, before);
    machine.run("systemctl", "start", "stoa-agent");
  });

  const etc = "/etc/systemd/system";
  const environmentFile = (): string =>
    `${root}/systemd/environments/${activeSlot().slice("stoa-".length, -".service".length)}.env`;
  const pidOf = (slot: string): string =>
    machine.run("systemctl", "show", "--value", "--property=MainPID", slot).trim();
  const killAndAwait = async (): Promise<void> => {
    const slot = activeSlot();
    const before = pidOf(slot);
    killed(slot);
    await until(() => !["0", before].includes(pidOf(slot)));
  };
  const isActive = (unit: string): boolean =>
    machine.run("sh", "-c", `systemctl is-active ${unit} || :`) === "active\n";
  /** Each is done to a service that runs as it should. Neighbours differ in what is said: the same twice is said once. */
  const drifts: readonly {
    readonly title: string;
    readonly break: () => unknown;
    readonly said: RegExp;
  }[] = [
    {
      title: "a unit that is edited",
      break: () => machine.run("sed", "-i", "s/^Restart=.*/Restart=no/", `${etc}/${activeSlot()}`),
      said: /stoa-notes\.\w\.service had been changed and was written anew$/,
    },
    {
      title: "a unit that is removed",
      break: () => machine.run("rm", `${etc}/${activeSlot()}`),
      said: /\/stoa-notes\.\w\.service was gone and was written anew$/,
    },
    {
      title: "a unit that is masked",
      break: () => machine.run("ln", "-sf", "/dev/null", `${etc}/${activeSlot()}`),
      said: /stoa-notes\.\w\.service had been changed and was written anew$/,
    },
    {
      title: "a unit that is disabled",
      break: () => machine.run("systemctl", "disable", activeSlot()),
      said: /multi-user\.target\.wants\/stoa-notes\.\w\.service was gone and was written anew$/,
    },
    {
      title: "a unit that others may write to",
      break: () => machine.run("chmod", "666", `${etc}/${activeSlot()}`),
      said: /stoa-notes\.\w\.service had been changed and was written anew$/,
    },
    {
      title: "a socket unit that is edited",
      break: () => machine.run("sed", "-i", "s/^Backlog=.*/Backlog=1/", `${etc}/stoa-notes.socket`),
      said: /stoa-notes\.socket had been changed and was written anew$/,
    },
    {
      title: "a file of settings that everybody can read",
      break: () => machine.run("chmod", "644", environmentFile()),
      said: /notes\.\w\.env had been changed and was written anew$/,
    },
    {
      title: "a socket unit that is removed",
      break: () => machine.run("rm", `${etc}/stoa-notes.socket`),
      said: /\/stoa-notes\.socket was gone and was written anew$/,
    },
    {
      title: "the unit behind sockets that is removed",
      break: () => machine.run("rm", `${etc}/stoa-queue@.service`),
      said: /stoa-queue@\.service was gone and was written anew$/,
    },
    {
      title: "a file of settings that is edited",
      break: () => machine.run("sed", "-i", "s/red/blue/", environmentFile()),
      said: /notes\.\w\.env had been changed and was written anew$/,
    },
    {
      title: "a process that was started with other settings",
      break: async () => {
        machine.run("systemctl", "stop", "stoa-agent");
        machine.run("sed", "-i", "s/red/blue/", environmentFile());
        await killAndAwait();
        machine.run("systemctl", "start", "stoa-agent");
      },
      said: /process \d+ of notes was started with other settings \(COLOUR\) and is being replaced$/,
    },
    {
      title: "a process whose program was replaced",
      break: async () => {
        machine.run("systemctl", "stop", "stoa-agent");
        const file = `${root}/services/notes/current/bin/service`;
        machine.run("sh", "-c", `cp ${programs["polite-2"]} ${file}.x; mv -f ${file}.x ${file}`);
        await killAndAwait();
        machine.run("systemctl", "start", "stoa-agent");
      },
      said: /process \d+ of notes executes another program than bin\/service and is being replaced$/,
    },
    {
      title: "a process that is killed",
      break: () => killed(activeSlot()),
      said: /notes (was ended by SIGKILL|ended) and was started again$/,
    },
    {
      title: "a process whose unit is stopped",
      break: () => machine.run("systemctl", "stop", activeSlot()),
      said: /notes was not running and is being started$/,
    },
  ];
  describe("of what the agent has made here", () => {
    let one = "";
    before(async () => {
      one = publish("polite", "1");
      tree.assign({ notes: one });
      await settled(one);
      // What is started anew is started with these, and nothing drains beside it.
      tree.assign({});
      await tree.until("one", "notes", ({ state }) => state === "stopped");
      tree.assign({ notes: one }, { COLOUR: "red" });
    });

    for (const drift of drifts) {
      test(`${drift.title} is put right, and it is said`, async () => {
        const url = await urlOf(one);
        await settled(one);
        await until(() => activeSlots().length === 1);
        const since = Date.now();
        await drift.break();
        const isSaid = (line: string): boolean =>
          Date.parse(line.split(" ")[0] ?? "") >= since && drift.said.test(line);
        await until(() => tree.status("one")?.decisions.some(isSaid) === true);
        // Until the very process that serves is one that is right, and kept: what was wrong may serve till then.
        await until(async () => {
          const [slot = "", ...others] = activeSlots();
          if (slot === "" || others.length > 0 || !isActive("stoa-notes.socket")) return false;
          const environ = `cat /proc/${pidOf(slot)}/environ || :`;
          const isRight = machine.run("sh", "-c", environ).split("\0").includes("COLOUR=red");
          const restart = machine.run("systemctl", "show", "--value", "--property=Restart", slot);
          return (
            isRight &&
            restart === "always\n" &&
            (await textOf(url).catch(String)).startsWith("hello from 1,")
          );
        });
        await settled(one, since);
      });
    }
  });

  test("a socket that somebody stopped is opened again with the next process", async () => {
    const [one, two] = [publish("polite", "1"), publish("polite", "2")];
    tree.assign({ notes: one });
    const url = await urlOf(one);
    await settled(one);
    machine.run("systemctl", "stop", "stoa-notes.socket");
    assert.match(await textOf(url), /^hello from 1,/);
    tree.assign({ notes: two });
    await settled(two);
    assert.match(await textOf(url), /^hello from 2,/);
    assert.equal(machine.run("systemctl", "is-active", "stoa-notes.socket"), "active\n");
  });

  for (const [library, buildIt, address] of [
    ["goagain", buildGoagain, "127.0.0.1:0"],
    ["facebookgo/grace", buildGrace, ":0"],
  ] as const) {
    test(`a program with ${library} shares its socket`, async () => {
      const sockets = [{ name: "http", address }];
      const [one, two] = ["1", "2"].map((version) =>
        tree.publish(library.replace(/.*\//, ""), version, buildIt(folder, version), { sockets }),
      );
      const service = library.replace(/.*\//, "");
      tree.assign({ [service]: one! });
      const port = (await urlOf(one!, service)).split(":").at(-1);
      const load = steadyLoad(`http://127.0.0.1:${port}`, false);
      await load.more(1);
      tree.assign({ [service]: two! });
      await runs(two!, service);
      await load.more(load.answers() + 20);
      const { failures, versions } = await load.end();
      assert.deepEqual(failures, []);
      assert.deepEqual([...versions].sort(), ["1", "2"]);
    });
  }

  for (const binds of [false, true]) {
    test(`a program that replaces itself does so within its unit, its socket ${binds ? "bound by itself" : "given"}`, async () => {
      const service = binds ? "binding" : "given";
      const [one = "", two = ""] = ["1", "2"].map((version) =>
        tree.publish(service, version, buildReplacing(folder, version, { binds }), {
          handOff: "sigusr2",
        }),
      );
      const unit = `stoa-${service}.a.service`;
      const mainPid = (): string =>
        machine.run("systemctl", "show", "--value", "--property=MainPID", unit).trim();
      tree.assign({ [service]: one });
      const url = await urlOf(one, service);
      const load = steadyLoad(url, true);
      await load.more(1);
      for (const revision of [two, one, two]) {
        tree.assign({ [service]: revision });
        await runs(revision, service);
        await load.more(load.answers() + 20);
      }
      const { failures, versions } = await load.end();
      assert.deepEqual(failures, []);
      assert.deepEqual([...versions].sort(), ["1", "2"]);
      const inside = machine.run("systemctl", "show", "--property=ActiveState,NRestarts", unit);
      assert.equal(inside, "NRestarts=0\nActiveState=active\n");

      killed(unit);
      await until(async () => (await textOf(url).catch(() => "")).startsWith("hello from 2,"));
      assert.match(await textOf(url), new RegExp(`process ${mainPid()}\n$`));
    });
  }

  for (const moment of ["link-moved", "new-started", "new-validated", "journal-committed"]) {
    test(`an agent that is killed at ${moment}, while a program replaces itself, comes to the end when it is back`, async () => {
      const [one = "", two = ""] = ["1", "2"].map((version) =>
        tree.publish("notes", version, buildReplacing(folder, version), { handOff: "sigusr2" }),
      );
      tree.assign({ notes: one });
      const url = await urlOf(one);
      await settled(one);
      writeFileSync(killFile, moment);
      tree.assign({ notes: two });
      await until(() => readFileSync(killFile, "utf8") === "");
      const since = Date.now();
      await settled(two, since);
      assert.match(await textOf(url), /^hello from 2,/);
      await until(() => {
        const pids = machine.run(
          "sh",
          "-c",
          "ls -l /proc/[0-9]*/exe 2>&1 | grep -c services/notes/releases || :",
        );
        return pids.trim() === "1";
      });
      tree.assign({});
      await tree.until("one", "notes", ({ state }) => state === "stopped");
    });
  }

  test("a program whose successor crashes serves on within its unit", async () => {
    const manner = "crashing";
    const run = { handOff: "sigusr2" } as const;
    const one = tree.publish("notes", "1", buildReplacing(folder, "1"), run);
    const two = tree.publish("notes", "2", buildReplacing(folder, "2", { manner }), {
      ...run,
      health: { kind: "listening", deadlineMs: 20_000 },
    });
    tree.assign({ notes: one });
    const url = await urlOf(one);
    await settled(one);
    const before = await textOf(url);
    tree.assign({ notes: two });
    const failed = await tree.until("one", "notes", ({ state }) => state === "failed");
    assert.match(failed.sentence, /^notes 2: it (has ended|was not started by the process)/);
    assert.match(failed.lastLines?.join("\n") ?? "", /2 cannot take over/);
    assert.equal(await textOf(url), before);
    tree.assign({});
    await tree.until("one", "notes", ({ state }) => state === "stopped");
  });

  test("a service whose address changes listens there before the old process goes", async () => {
    const at = (address: string): object => ({ sockets: [{ name: "http", address }] });
    const [port, other] = [await linuxProbe.freePort(), await linuxProbe.freePort()];
    const one = publish("polite", "1", at(`127.0.0.1:${port}`));
    const two = publish("polite", "2", at(`127.0.0.1:${other}`));
    tree.assign({ notes: one });
    await settled(one);
    // Whoever is turned away at the old address must be served at the new one.
    const failures: string[] = [];
    let ended = false;
    const client = async (): Promise<void> => {
      while (!ended) {
        const answer = await textOf(`http://127.0.0.1:${port}/`).catch(() =>
          textOf(`http://127.0.0.1:${other}/`).catch(String),
        );
        if (!answer.startsWith("hello from ")) failures.push(answer);
      }
    };
    const clients = Promise.all([client(), client(), client()]);
    tree.assign({ notes: two });
    await settled(two);
    ended = true;
    await clients;
    assert.deepEqual(failures, []);
    assert.match(await textOf(await urlOf(two)), /^hello from 2,/);
    const sockets = machine.run(
      "systemctl",
      "list-units",
      "--plain",
      "--no-legend",
      "stoa-notes*.socket",
    );
    assert.deepEqual(sockets.match(/^\S+/gm), ["stoa-notes.2.socket"]);
    tree.assign({});
    await tree.until("one", "notes", ({ state }) => state === "stopped");
  });

  test("a service keeps some of its addresses and changes others without a refused connection", async () => {
    const [kept, left, fresh] = [
      await linuxProbe.freePort(),
      await linuxProbe.freePort(),
      await linuxProbe.freePort(),
    ];
    const at = (names: Readonly<Record<string, number>>): Partial<Run> => ({
      sockets: Object.entries(names).map(([name, port]) => ({
        name,
        address: `127.0.0.1:${port}`,
      })),
    });
    const revisions = [
      at({ http: kept, admin: left }),
      // The order of descriptors is another one, too.
      at({ admin: fresh, http: kept }),
      at({ http: kept }),
      at({ metrics: left, http: kept, admin: fresh }),
    ].map((run, index) => {
      const version = String(index + 1);
      return tree.publish("several", version, buildSeveral(folder, version), run);
    });
    const answers = async (...wanted: readonly [port: number, text: string][]): Promise<void> => {
      for (const [port, text] of wanted) {
        assert.equal(
          await textOf(`http://127.0.0.1:${port}/`),
          `hello from ${text.replace(" at", ` at 127.0.0.1:${port}`)}\n`,
        );
      }
    };
    const serves = async (revision: string): Promise<void> => {
      tree.assign({ several: revision });
      await tree.until(
        "one",
        "several",
        ({ state, running, step }) =>
          state === "running" && running === revision && step === undefined,
      );
    };
    const [one = "", two = "", three = "", four = ""] = revisions;
    await serves(one);
    await answers([kept, "1, http at of http:admin"], [left, "1, admin at of http:admin"]);
    const load = steadyLoad(`http://127.0.0.1:${kept}/`, false);
    await serves(two);
    await answers([kept, "2, http at of admin:http"], [fresh, "2, admin at of admin:http"]);
    await assert.rejects(textOf(`http://127.0.0.1:${left}/`), /ECONNREFUSED/);
    await serves(three);
    await answers([kept, "3, http at of http"]);
    await serves(four);
    await answers(
      [left, "4, metrics at of metrics:http:admin"],
      [kept, "4, http at of metrics:http:admin"],
      [fresh, "4, admin at of metrics:http:admin"],
    );
    await load.more(load.answers() + 20);
    const { failures, versions } = await load.end();
    assert.deepEqual(failures, []);
    assert.ok(versions.has("4"));
    tree.assign({});
    await tree.until("one", "several", ({ state }) => state === "stopped");
  });

  test("a program that says so with sd_notify is waited for, and one that does not is refused", async () => {
    const one = tree.publish("notes", "1", buildNotifying(folder, "1"), { readiness: "notify" });
    tree.assign({ notes: one });
    assert.match(await textOf(await urlOf(one)), /^hello from 1,/);
    const health = { kind: "listening", deadlineMs: 2_000 } as const;
    const mute = publish("plain", "2", { readiness: "notify", health });
    tree.assign({ notes: mute });
    const isRefused = ({ state, desired }: ServiceStatus): boolean =>
      state === "failed" && desired === mute;
    const { sentence } = await tree.until("one", "notes", isRefused);
    assert.match(sentence, /did not say that it is ready \(NOTIFY_SOCKET\) within 2 s/);
    tree.assign({});
  });

  test("a program that only knows $PORT is replaced, one after the other", async () => {
    const [one, two] = [publish("plain", "1"), publish("plain", "2")];
    for (const [revision, version] of [
      [one, "1"],
      [two, "2"],
    ] as const) {
      tree.assign({ notes: revision });
      assert.match(await textOf(await urlOf(revision)), new RegExp(`^hello from ${version},`));
      await settled(revision);
    }
  });

  test("a service that is assigned no more leaves nothing behind", async () => {
    const one = publish("polite", "1");
    tree.assign({ notes: one });
    await settled(one);
    tree.assign({});
    await tree.until("one", "notes", ({ state }) => state === "stopped");
    const left = (): string =>
      machine.run(
        "sh",
        "-c",
        "ls -R /etc/systemd/system /run/systemd/system | grep stoa-notes || :",
      );
    await until(() => left() === "");
  });

  test("limits bound the whole unit, and are those that were asked for", async () => {
    const limits = { memoryBytes: 1 << 30, cpuPercent: 150, processes: 99, openFiles: 333 };
    const bounded = publish("polite", "1", { limits }, "bounded");
    tree.assign({ bounded });
    assert.match(await textOf(await urlOf(bounded, "bounded")), /^hello from 1,/);
    const names = ["MemoryMax", "CPUQuotaPerSecUSec", "TasksMax", "LimitNOFILE"];
    const words = names.flatMap((name) => ["-p", name]);
    const shown = machine.run("systemctl", "show", ...words, "stoa-bounded.a.service");
    assert.deepEqual(shown.trim().split("\n").sort(), [
      "CPUQuotaPerSecUSec=1.500000s",
      "LimitNOFILE=333",
      "MemoryMax=1073741824",
      "TasksMax=99",
    ]);
    tree.assign({});
    await tree.until("one", "bounded", ({ state }) => state === "stopped");
  });

  test("what fails is refused with its last words, and the old one serves on", async () => {
    const one = publish("polite", "1");
    tree.assign({ notes: one });
    const url = await urlOf(one);
    const before = await textOf(url);
    tree.assign({ notes: tree.publish("notes", "3", programs["crashing"] ?? "") });
    const failed = await tree.until("one", "notes", ({ state }) => state === "failed");
    assert.equal(failed.sentence, "notes 3: the rehearsal ended with exit code 3");
    assert.match(failed.lastLines?.at(-1) ?? "", /3 cannot find its database/);
    assert.equal(await textOf(url), before);
  });
});
