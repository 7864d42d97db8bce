import assert from "node:assert/strict";
import { test } from "node:test";
import { hookCommand, hookEnvironment } from "./hook-script.ts";
import { chosenEvents, isHook, type LifecycleEvent, lifecycleOf, scriptsAt } from "./lifecycle.ts";

test("lifecycleOf is CodeDeploy's order, with the events of a load balancer only where there is one", () => {
  assert.deepEqual(lifecycleOf({ hasTraffic: false }), [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
  ]);
  assert.equal(lifecycleOf({ hasTraffic: true }).length, 13);
  assert.equal(isHook("Install"), false);
  assert.equal(isHook("BeforeAllowTraffic"), true);
});

test("scriptsAt: the old revision ends itself, unless the new one lies there already or nothing ever did", () => {
  const seen = { wasInstalled: true, isNewUnpacked: false };
  assert.equal(scriptsAt("ApplicationStop", seen), "old");
  assert.equal(scriptsAt("BeforeBlockTraffic", seen), "old");
  assert.equal(scriptsAt("AfterBlockTraffic", seen), "old");
  assert.equal(scriptsAt("ApplicationStop", { ...seen, isNewUnpacked: true }), "new");
  assert.equal(scriptsAt("ApplicationStop", { ...seen, wasInstalled: false }), "none");
  assert.equal(scriptsAt("BeforeInstall", { wasInstalled: false, isNewUnpacked: false }), "new");
  assert.equal(scriptsAt("BeforeAllowTraffic", seen), "new");
});

const chosen: readonly (readonly [
  asked: readonly LifecycleEvent[],
  events: readonly LifecycleEvent[] | RegExp,
])[] = [
  [[], ["DownloadBundle", "Install"]],
  [["ApplicationStop"], ["ApplicationStop", "DownloadBundle", "Install"]],
  [
    ["BeforeInstall", "ValidateService"],
    ["DownloadBundle", "BeforeInstall", "Install", "ValidateService"],
  ],
  [
    ["DownloadBundle", "Install", "ApplicationStop"],
    ["DownloadBundle", "Install", "ApplicationStop"],
  ],
  [["AfterInstall", "DownloadBundle"], /AfterInstall cannot come before DownloadBundle/],
  [["DownloadBundle", "AfterInstall", "Install"], /AfterInstall cannot come before Install/],
  [["Install", "DownloadBundle"], /Install cannot come before DownloadBundle/],
  [["AfterInstall", "AfterInstall"], /named twice/],
];

for (const [asked, events] of chosen) {
  test(`chosenEvents of ${asked.join(", ") || "nothing"}`, () => {
    const found = chosenEvents(asked);
    if (events instanceof RegExp) assert.match(String(found), events);
    else assert.deepEqual(found, events);
  });
}

test("hookCommand runs a script plainly, as a user, with sudo, or both", () => {
  const script = {
    location: "a.sh",
    timeoutSeconds: 1,
    hasOwnTimeout: true,
    sudo: false,
    place: { line: 1, column: 1 },
  };
  assert.deepEqual(hookCommand(script, "/b/a b.sh"), ["/b/a b.sh"]);
  assert.deepEqual(hookCommand({ ...script, runas: "bob" }, "/b/a b's.sh"), [
    "su",
    "bob",
    "-c",
    "'/b/a b'\\''s.sh'",
  ]);
  assert.deepEqual(hookCommand({ ...script, runas: "bob" }, "/b/a.sh"), [
    "su",
    "bob",
    "-c",
    "/b/a.sh",
  ]);
  assert.deepEqual(hookCommand({ ...script, sudo: true }, "/b/a.sh"), ["sudo", "/b/a.sh"]);
  assert.deepEqual(hookCommand({ ...script, sudo: true, runas: "bob" }, "/b/a.sh"), [
    "sudo",
    "su",
    "bob",
    "-c",
    "/b/a.sh",
  ]);
});

test("hookEnvironment has CodeDeploy's names", () => {
  const facts = {
    event: "AfterInstall",
    deployment: "d-1",
    application: "shop",
    group: "web",
    groupId: "g-1",
    bundle: "/b",
  };
  assert.deepEqual(Object.keys(hookEnvironment(facts)), [
    "LIFECYCLE_EVENT",
    "DEPLOYMENT_ID",
    "APPLICATION_NAME",
    "DEPLOYMENT_GROUP_NAME",
    "DEPLOYMENT_GROUP_ID",
    "BUNDLE_DIR",
  ]);
});
