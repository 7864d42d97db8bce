import assert from "node:assert/strict";
import { test } from "node:test";
import { findAppspec, wrappingFolder } from "./appspec.ts";
import { readAppspec } from "./appspec-document.ts";
import { formatDiagnostic, hasErrors } from "./diagnostic.ts";

/** The appspec that "Deploying Go Microservices With AWS CodeDeploy" prints. */
const printedAppspec = `version: 0.0
os: linux
files:
  - source: go_binary
    destination: /opt/go_binary
  - source: go_service.service
    destination: /usr/lib/systemd/system/
  - source: go_service.json
    destination: /etc/consul.d/config
  - source: migrations/
    destination: /opt/go_service/migrations/
hooks:
  BeforeInstall:
    - location: stop_server.sh
      timeout: 300
      runas: root
  AfterInstall:
    - location: setup_db.sh
    - location: start_server.sh
      timeout: 180
      runas: root
  ValidateService:
    - location: check_service.sh
      timeout: 180
      runas: root
`;

test("readAppspec reads the appspec of the CodeDeploy article as it is printed", () => {
  const { appspec, diagnostics } = readAppspec(printedAppspec);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(
    appspec?.files.map(({ source, destination }) => [source, destination]),
    [
      ["go_binary", "/opt/go_binary"],
      ["go_service.service", "/usr/lib/systemd/system"],
      ["go_service.json", "/etc/consul.d/config"],
      ["migrations", "/opt/go_service/migrations"],
    ],
  );
  assert.deepEqual(
    [...(appspec?.hooks.keys() ?? [])],
    ["BeforeInstall", "AfterInstall", "ValidateService"],
  );
  assert.deepEqual(appspec?.hooks.get("AfterInstall"), [
    {
      location: "setup_db.sh",
      timeoutSeconds: 3600,
      hasOwnTimeout: false,
      sudo: false,
      place: { line: 18, column: 17 },
    },
    {
      location: "start_server.sh",
      timeoutSeconds: 180,
      hasOwnTimeout: true,
      runas: "root",
      sudo: false,
      place: { line: 19, column: 17 },
    },
  ]);
});

const full = `version: 0
os: linux
file_exists_behavior: RETAIN
files:
  - source: /
    destination: /srv//shop/
permissions:
  - object: /srv/shop/bin/shop
    owner: root
    group: 0
    mode: 4755
  - object: /srv/shop
    pattern: "*.conf"
    except: [secret.conf]
    type:
      - file
    mode: 0644
    acls:
      - u:bob:rw
      - d:group:ops:5
      - "m::rwx"
    context:
      user: system_u
      type: httpd_sys_content_t
      range: s0-s3:c0.c5,c7
hooks:
  ApplicationStop:
  ApplicationStart:
    - location: ./bin/start.sh
      sudo: yes
      timeout: "60"
`;

test("readAppspec reads every rule there is", () => {
  const { appspec, diagnostics } = readAppspec(full);
  assert.equal(hasErrors(diagnostics), false);
  assert.deepEqual(
    diagnostics.map(({ line, column, sentence }) => `${line}:${column} ${sentence}`),
    [
      '17:11 mode is read as 0644; CodeDeploy\'s agent would take 0644 without quotes for the number 420: write "0644"',
      "31:16 timeout is a number; write it without quotes",
    ],
  );
  assert.ok(appspec);
  assert.equal(appspec.fileExistsBehavior, "RETAIN");
  assert.deepEqual(
    appspec.files.map(({ source, destination }) => [source, destination]),
    [["", "/srv/shop"]],
  );
  const [first, second] = appspec.permissions;
  assert.deepEqual(
    { ...first, place: undefined },
    {
      object: "/srv/shop/bin/shop",
      pattern: "**",
      except: [],
      types: ["file", "directory"],
      hasOwnTypes: false,
      owner: "root",
      group: "0",
      mode: 0o4755,
      place: undefined,
    },
  );
  assert.equal(second?.mode, 0o644);
  assert.deepEqual(
    second?.acls?.map(({ kind, name, permissions, isDefault }) => [
      kind,
      name,
      permissions,
      isDefault,
    ]),
    [
      ["user", "bob", "rw-", false],
      ["group", "ops", "r-x", true],
      ["mask", "", "rwx", false],
    ],
  );
  assert.deepEqual(second?.context, {
    user: "system_u",
    type: "httpd_sys_content_t",
    range: "s0-s3:c0.c5,c7",
  });
  assert.deepEqual([...appspec.hooks.keys()], ["ApplicationStart"]);
  assert.equal(appspec.hooks.get("ApplicationStart")?.[0]?.location, "bin/start.sh");
  assert.equal(appspec.hooks.get("ApplicationStart")?.[0]?.sudo, true);
});

/** Each text has one error, at this place. */
const wrong: readonly (readonly [text: string, error: string])[] = [
  ["", "1:1: error: the file is empty; it must say at least version and os"],
  ["# nothing\n", "1:1: error: the file is empty; it must say at least version and os"],
  ["- version: 0.0\n", "1:1: error: an appspec must be a list of names with values"],
  ["os: linux\n", "1:1: error: version is missing; write version: 0.0"],
  ["version: 0.0\n", "1:1: error: os is missing; write os: linux"],
  ['version: "0.0"\nos: linux\n', "1:10: error: version must be the number 0.0, without quotes"],
  ["version: 0.1\nos: linux\n", "1:10: error: version must be the number 0.0, without quotes"],
  ["version: 1.0\nos: linux\n", "1:10: error: version must be the number 0.0, without quotes"],
  [
    "version: 0.0\nos: windows\n",
    "2:5: error: os is windows, and the machines run Linux; write os: linux",
  ],
  ["version: 0.0\nos: Linux\n", "2:5: error: os must be linux"],
  [
    "version: 0.0\nos: linux\nfile_exists_behavior: overwrite\n",
    "3:23: error: file_exists_behavior must be DISALLOW, OVERWRITE or RETAIN, in capitals",
  ],
  [
    "version: 0.0\nos: linux\nfiles: a\n",
    "3:8: error: files must be a list, each of its items after a hyphen",
  ],
  ["version: 0.0\nos: linux\nfiles:\n  - source: a\n", "4:5: error: destination is missing"],
  ["version: 0.0\nos: linux\nfiles:\n  - destination: /a\n", "4:5: error: source is missing"],
  [
    "version: 0.0\nos: linux\nfiles:\n  - source: ../a\n    destination: /a\n",
    "4:13: error: source must stay inside the bundle, without ..",
  ],
  [
    "version: 0.0\nos: linux\nfiles:\n  - source: a\n    destination: opt\n",
    "5:18: error: destination must begin with a slash: it is a place on the machine",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  BeforInstall:\n    - location: a\n",
    "5:5: error: BeforInstall is no event; events with scripts are BeforeBlockTraffic, AfterBlockTraffic, ApplicationStop, BeforeInstall, AfterInstall, ApplicationStart, ValidateService, BeforeAllowTraffic, AfterAllowTraffic",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  Install:\n    - location: a\n",
    "5:5: error: Install is the agent's own work and takes no scripts",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - timeout: 5\n",
    "5:7: error: location is missing",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a\n      timeout: 0\n",
    "6:16: error: timeout must be a whole number of seconds above 0",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a\n      timeout: 5m\n",
    "6:16: error: timeout must be a whole number of seconds above 0",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a\n      timeout: 3601\n",
    "6:16: error: timeout must not be above 3600 seconds",
  ],
  [
    "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a\n      runas: bob; rm\n",
    '6:14: error: runas must name a user, and "bob; rm" cannot be one',
  ],
  ["version: 0.0\nos: linux\npermissions:\n  - mode: 644\n", "4:5: error: object is missing"],
  [
    "version: 0.0\nos: linux\npermissions:\n  - object: /a\n    mode: 888\n",
    "5:11: error: mode must be 1 to 4 octal digits such as 644 or 4755",
  ],
  [
    "version: 0.0\nos: linux\npermissions:\n  - object: /a\n    acls: [u::rw]\n",
    "5:12: error: the entry u::rw is about the owner, group or others of the file itself; use mode",
  ],
  [
    "version: 0.0\nos: linux\npermissions:\n  - object: /a\n    context:\n      role: r\n      type: t\n",
    "6:13: error: role cannot be given in context",
  ],
  [
    "version: 0.0\nos: linux\npermissions:\n  - object: /a\n    context:\n      user: u\n",
    "6:7: error: context must have a type",
  ],
  [
    "version: 0.0\nos: linux\npermissions:\n  - object: /a\n    context:\n      type: t\n      range: s0:c1,c1\n",
    "7:14: error: range names the category c1 twice",
  ],
  [
    "version: 0.0\nos: linux\npermissions:\n  - object: /a\n    type: [link]\n",
    "5:12: error: type must be file or directory",
  ],
];

for (const [text, error] of wrong) {
  test(`readAppspec says of ${JSON.stringify(text)}: ${error}`, () => {
    const { appspec, diagnostics } = readAppspec(text);
    assert.equal(appspec, undefined);
    assert.deepEqual(
      diagnostics.map((one) => formatDiagnostic("appspec.yml", one)),
      [`appspec.yml:${error}`],
    );
  });
}

test("readAppspec says where a text stops being YAML", () => {
  const { appspec, diagnostics } = readAppspec("version: 0.0\nos: linux\nfiles:\n  - source: [a\n");
  assert.equal(appspec, undefined);
  assert.match(
    formatDiagnostic("appspec.yml", diagnostics[0]!),
    /^appspec\.yml:[45]:\d+: error: is not YAML: /,
  );
});

test("readAppspec takes an alias for what it stands for", () => {
  const { appspec } = readAppspec(
    "version: 0.0\nos: linux\nfiles:\n  - &it\n    source: a\n    destination: /a\n  - *it\n",
  );
  assert.equal(appspec?.files.length, 2);
});

test("readAppspec warns of names it does not know and goes on", () => {
  const { appspec, diagnostics } = readAppspec("version: 0.0\nos: linux\nhook: {}\n");
  assert.ok(appspec);
  assert.match(diagnostics[0]?.sentence ?? "", /^hook is not known and has no effect/);
});

test("findAppspec takes appspec.yml before appspec.yaml, and a given name alone", () => {
  assert.equal(findAppspec(["appspec.yaml", "appspec.yml"]), "appspec.yml");
  assert.equal(findAppspec(["appspec.yaml"]), "appspec.yaml");
  assert.equal(findAppspec(["appspec.yml"], "other.yml"), undefined);
  assert.equal(findAppspec(["a/appspec.yml"]), undefined);
});

test("wrappingFolder is the one folder around a bundle from GitHub", () => {
  assert.equal(wrappingFolder(["shop-abc/appspec.yml", "shop-abc/bin/shop"]), "shop-abc/");
  assert.equal(wrappingFolder(["shop-abc/bin/shop"]), "");
  assert.equal(wrappingFolder(["appspec.yml", "shop/bin"]), "");
  assert.equal(wrappingFolder(["a/appspec.yml", "b/x"]), "");
  assert.equal(wrappingFolder([]), "");
});
