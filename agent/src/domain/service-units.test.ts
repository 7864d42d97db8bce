// The texts of units, and what systemd-analyze says about them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import type { Launch } from "./launch.ts";
import {
  queueTemplateName,
  queueUnitText,
  slotEnvironmentText,
  slotUnitName,
  slotUnitText,
  socketUnitNames,
  socketUnitText,
  type UnitPlan,
} from "./service-units.ts";

const place = { version: 252, environmentFolder: "/var/lib/stoa-agent/systemd/environments" };
const noAnalyze =
  spawnSync("systemd-analyze", ["--version"]).error === undefined
    ? undefined
    : "there is no systemd-analyze";

describe("units of a service", () => {
  test("a process is a unit with its command, environment, socket, user, limits and stop", () => {
    const text = slotUnitText(plan({ kept: true }), place);
    assert.deepEqual(
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
      [
        "[Unit]",
        "Description=shop 0123456789ab, slot a",
        "After=network.target",
        "StartLimitIntervalSec=0",
        "[Service]",
        "Type=exec",
        "TimeoutStartSec=infinity",
        'ExecStart=:"/bin/true" "-v"',
        "WorkingDirectory=/",
        "EnvironmentFile=/var/lib/stoa-agent/systemd/environments/shop.a.env",
        "Sockets=stoa-shop.socket",
        "User=daemon",
        "NoNewPrivileges=yes",
        "LimitNOFILE=4096",
        "TasksMax=64",
        "MemoryMax=268435456",
        "CPUQuota=150%",
        "LimitCORE=0",
        "StandardOutput=append:/tmp/shop.log",
        "StandardError=inherit",
        "KillMode=mixed",
        "KillSignal=SIGTERM",
        "TimeoutStopSec=30000ms",
        "Restart=always",
        "RestartSec=2s",
        "[Install]",
        "WantedBy=multi-user.target",
      ],
    );
  });

  test("what is not kept is not started again; what is waits ever longer where systemd knows how to", () => {
    assert.match(slotUnitText(plan({ kept: false }), place), /^Restart=no$/m);
    const newer = slotUnitText(plan({ kept: true }), { ...place, version: 254 });
    assert.match(newer, /^RestartSec=1s\nRestartSteps=6\nRestartMaxDelaySec=60s$/m);
  });

  test("readiness: systemd's own message, a descriptor, or nothing", () => {
    const notify = slotUnitText(plan({}, { readiness: "notify" }), place);
    assert.match(notify, /^Type=notify\nNotifyAccess=main$/m);
    const fd = slotUnitText(plan({}, { readiness: "fd" }), place);
    assert.match(
      fd,
      /^ExecStart=:"\/bin\/sh" "-c" "exec 9>\\"\$RUNTIME_DIRECTORY\/ready\\"; exec \\"\$@\\"" "sh" "\/bin\/true" "-v"$/m,
    );
    assert.match(fd, /^RuntimeDirectory=stoa\/shop\.a$/m);
    assert.match(slotEnvironmentText(plan({}, { readiness: "fd" })), /^READY_FD="9"$/m);
  });

  test("a process that replaces itself stays in its unit, which looks alike for every release", () => {
    const launch = { succession: { file: "/releases/1/bin" } };
    const text = slotUnitText(plan({ kept: true }, launch), place);
    assert.match(text, /^Description=shop, slot a$/m);
    assert.match(text, /^ExitType=cgroup\nPIDFile=\/run\/stoa-shop\.a\.pid$/m);
    assert.match(text, /^KillMode=control-group$/m);
    assert.match(
      slotUnitText(plan({}, { ...launch, readiness: "notify" }), place),
      /^NotifyAccess=all$/m,
    );
  });

  test("sockets are moved to where a program expects them", () => {
    const ownIdVariables = ["GOAGAIN_PPID"];
    const text = slotUnitText(plan({}, { ownIdVariables, firstDescriptor: 900 }), place);
    assert.match(
      text,
      /^ExecStart=:"\/bin\/bash" "-c" "exec 900<&3 3<&-; unset LISTEN_FDS LISTEN_PID LISTEN_FDNAMES; export GOAGAIN_PPID=\$\$; exec \\"\$@\\"" "sh" "\/bin\/true" "-v"$/m,
    );
  });

  test("sockets of several units are put in order by bash, and named then", () => {
    const several = plan({ socketUnits: two.units }, { sockets: two.sockets });
    const text = slotUnitText(several, place);
    assert.match(text, /^Sockets=stoa-shop\.2\.socket stoa-shop\.socket$/m);
    assert.match(text, /^ExecStart=:"\/bin\/bash" "-c" "at=3; for unit in /m);
    assert.doesNotMatch(slotEnvironmentText(several), /LISTEN_FDNAMES/);
  });

  test("the environment is quoted, names the sockets, and holds nothing that is systemd's to say", () => {
    const environment = {
      A: 'say "$x"\n\\o/',
      LISTEN_PID: "1",
      NOTIFY_SOCKET: "/x",
      READY_FD: "3",
    };
    const sockets = [
      { name: "http", address: ":8080" },
      { name: "admin", address: ":8081" },
    ];
    assert.equal(
      slotEnvironmentText(plan({ slot: "r" }, { environment, sockets })),
      'A="say \\"\\$x\\"\n\\\\o/"\nLISTEN_FDNAMES="http:admin"\n',
    );
  });

  test("a socket unit listens where Go would, in the order of the descriptors", () => {
    const text = socketUnitText("stoa-shop.socket", [
      { address: ":8080" },
      { address: "[::1]:8081" },
      { address: "localhost:8082" },
      { address: "unix:/run/100%/shop.sock" },
    ]);
    assert.deepEqual(text.match(/(?<=^ListenStream=).*$/gm), [
      "8080",
      "[::1]:8081",
      "127.0.0.1:8082",
      "/run/100%%/shop.sock",
    ]);
    assert.match(text, /^Service=stoa-queue@shop\.service$/m);
  });

  test("systemd-analyze has nothing against any of them", { skip: noAnalyze }, () => {
    const odd = ["", "a b", 'quo"te', "per%cent", "dol$lar", "back\\slash", "new\nline", ";", "ü"];
    const plans = [
      plan({ kept: true }),
      plan({ slot: "b" }, { arguments: odd, readiness: "fd", ownIdVariables: ["GOAGAIN_PPID"] }),
      plan({ slot: "r" }, { readiness: "notify", rehearsal: true, stopGraceMs: 0 }),
      plan({ slot: "c", socketUnits: ["stoa-shop.2.socket"] }, { succession: { file: "/x" } }),
      plan({ slot: "d", socketUnits: two.units }, { sockets: two.sockets }),
    ];
    const sockets = plans.slice(1).flatMap((one) =>
      socketUnitNames(one).map((name) => {
        return [name, socketUnitText(name, one.launch.sockets.slice(0, 1))] as const;
      }),
    );
    const complaints = complaintsAbout({
      ...Object.fromEntries(plans.map((one) => [slotUnitName(one), slotUnitText(one, place)])),
      ...Object.fromEntries(sockets),
      [queueTemplateName]: queueUnitText(),
    });
    assert.equal(complaints, "");
    assert.match(
      complaintsAbout({ "stoa-x.a.service": "[Service]\nExecStart=/bin/true\nRestrat=no\n" }),
      /Restrat/,
    );
  });

  test("nor against the units that are packaged", { skip: noAnalyze }, () => {
    const folder = resolve(import.meta.dirname, "../../../packaging/systemd");
    const names = readdirSync(folder);
    assert.deepEqual(names.sort(), ["stoa-agent.service", "stoa.service"]);
    // The program is not installed here.
    const texts = names.map((name) => [
      name,
      readFileSync(join(folder, name), "utf8").replace("/usr/bin/stoa", "/bin/true"),
    ]);
    assert.equal(complaintsAbout(Object.fromEntries(texts)), "");
  });
});

const two = {
  units: ["stoa-shop.2.socket", "stoa-shop.socket"],
  sockets: [
    { name: "http", address: ":8080" },
    { name: "admin", address: ":8081" },
  ],
};

function launchOf(more: Partial<Launch> = {}): Launch {
  return {
    id: "0123456789ab-1",
    release: "0123456789abcdef".repeat(4),
    program: "/bin/true",
    arguments: ["-v"],
    environment: {},
    directory: "/",
    sockets: [{ name: "http", address: "127.0.0.1:8080" }],
    readiness: "none",
    rehearsal: false,
    ownIdVariables: [],
    parent: "any",
    user: "daemon",
    limits: {
      openFiles: 4096,
      processes: 64,
      memoryBytes: 256 << 20,
      cpuPercent: 150,
      coreBytes: 0,
    },
    log: "/tmp/shop.log",
    stopSignal: "SIGTERM",
    stopGraceMs: 30_000,
    ...more,
  };
}

function plan(more: Partial<UnitPlan>, launch: Partial<Launch> = {}): UnitPlan {
  const socketUnits = ["stoa-shop.socket"];
  return {
    service: "shop",
    slot: "a",
    kept: false,
    launch: launchOf(launch),
    socketUnits,
    ...more,
  };
}

/** What systemd-analyze says about these files; its exit code says nothing. */
function complaintsAbout(units: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "stoa-units-"));
  try {
    for (const [name, text] of Object.entries(units)) writeFileSync(join(folder, name), text);
    const paths = Object.keys(units)
      .filter((name) => !name.includes("@"))
      .map((name) => join(folder, name));
    return spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], {
      encoding: "utf8",
    }).stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
