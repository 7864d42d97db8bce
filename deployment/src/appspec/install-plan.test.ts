import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appspec } from "./appspec.ts";
import { readAppspec } from "./appspec-document.ts";
import { meet, pathsToLookAt, planInstall, type Standing } from "./install-plan.ts";

function appspecOf(...rules: readonly (readonly [source: string, destination: string])[]): Appspec {
  const files = rules.map(
    ([source, destination]) => `  - source: ${source}\n    destination: ${destination}\n`,
  );
  const { appspec } = readAppspec(`version: 0.0\nos: linux\nfiles:\n${files.join("")}`);
  assert.ok(appspec);
  return appspec;
}

const bundle = [
  "appspec.yml",
  "go_binary",
  "go_service.service",
  "migrations/001.sql",
  "migrations/old/000.sql",
];

test("planInstall puts the files of the CodeDeploy article where CodeDeploy puts them", () => {
  const plan = planInstall(
    appspecOf(
      ["go_binary", "/opt/go_binary"],
      ["go_service.service", "/usr/lib/systemd/system/"],
      ["migrations/", "/opt/go_service/migrations/"],
    ),
    bundle,
  );
  assert.deepEqual(plan.problems, []);
  assert.deepEqual(
    plan.files.map(({ source, target }) => [source, target]),
    [
      ["go_binary", "/opt/go_binary/go_binary"],
      ["go_service.service", "/usr/lib/systemd/system/go_service.service"],
      ["migrations/001.sql", "/opt/go_service/migrations/001.sql"],
      ["migrations/old/000.sql", "/opt/go_service/migrations/old/000.sql"],
    ],
  );
  assert.deepEqual(plan.folders, [
    "/opt",
    "/opt/go_binary",
    "/opt/go_service",
    "/opt/go_service/migrations",
    "/opt/go_service/migrations/old",
    "/usr",
    "/usr/lib",
    "/usr/lib/systemd",
    "/usr/lib/systemd/system",
  ]);
});

test("planInstall: a slash is the whole bundle, the appspec too", () => {
  const plan = planInstall(appspecOf(["/", "/srv"]), bundle);
  assert.deepEqual(
    plan.files.map(({ target }) => target),
    bundle.map((path) => `/srv/${path}`),
  );
  assert.equal(planInstall(appspecOf(["/", "/"]), ["a"]).files[0]?.target, "/a");
});

const impossible: readonly (readonly [
  rules: readonly (readonly [string, string])[],
  sentence: RegExp,
])[] = [
  [[["missing", "/a"]], /^source missing names nothing in the bundle$/],
  [[["go_bin", "/a"]], /names nothing/],
  [
    [
      ["go_binary", "/a"],
      ["go_binary", "/a/"],
    ],
    /go_binary and go_binary would both become \/a\/go_binary/,
  ],
  [
    [
      ["migrations/001.sql", "/a"],
      ["migrations", "/a"],
    ],
    /would both become \/a\/001\.sql/,
  ],
  [
    [
      ["go_binary", "/a"],
      ["migrations", "/a/go_binary"],
    ],
    /which is also a folder/,
  ],
];

for (const [rules, sentence] of impossible) {
  test(`planInstall refuses ${rules.map((rule) => rule.join(" to ")).join(" with ")}`, () => {
    const { problems } = planInstall(appspecOf(...rules), bundle);
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.sentence ?? "", sentence);
  });
}

const standing = new Map<string, Standing>([
  ["/srv", "folder"],
  ["/srv/go_binary", "file"],
]);

test("meet: a foreign file is a conflict, is overwritten or retained, as asked", () => {
  const plan = planInstall(
    appspecOf(["go_binary", "/srv"], ["migrations", "/srv/migrations"]),
    bundle,
  );
  assert.ok(pathsToLookAt(plan).includes("/srv/migrations/old"));
  const disallowed = meet(plan, standing, "DISALLOW");
  assert.equal(disallowed.conflicts.length, 1);
  assert.match(disallowed.conflicts[0] ?? "", /^\/srv\/go_binary exists and was not put there/);
  assert.equal(meet(plan, standing, "OVERWRITE").copied.length, 3);
  const retained = meet(plan, standing, "RETAIN");
  assert.deepEqual(
    retained.retained.map(({ target }) => target),
    ["/srv/go_binary"],
  );
  assert.equal(retained.copied.length, 2);
  assert.deepEqual(retained.made, ["/srv/migrations", "/srv/migrations/old"]);
});

test("meet: a folder in a file's place and a file in a folder's are conflicts whatever is asked", () => {
  const plan = planInstall(appspecOf(["go_binary", "/srv"]), bundle);
  assert.equal(
    meet(plan, new Map([["/srv/go_binary", "folder"]]), "OVERWRITE").conflicts.length,
    1,
  );
  assert.equal(meet(plan, new Map([["/srv", "file"]]), "OVERWRITE").conflicts.length, 1);
  assert.equal(meet(plan, new Map([["/srv", "link"]]), "OVERWRITE").conflicts.length, 0);
});
