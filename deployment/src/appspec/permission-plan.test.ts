import assert from "node:assert/strict";
import { test } from "node:test";
import { completeAcl, parseAclEntry } from "./acl.ts";
import { readAppspec } from "./appspec-document.ts";
import { planPermissions } from "./permission-plan.ts";
import { rangeProblem } from "./selinux-context.ts";

const made = {
  files: ["/srv/a.conf", "/srv/b.conf", "/srv/bin/shop", "/srv/bin/deep/x"],
  folders: ["/srv", "/srv/bin", "/srv/bin/deep"],
};

function plan(...rules: readonly string[]) {
  const text = `version: 0.0\nos: linux\npermissions:\n${rules.map((rule) => `  - {${rule}}\n`).join("")}`;
  const { appspec, diagnostics } = readAppspec(text);
  assert.ok(appspec, JSON.stringify(diagnostics));
  const { permissions, problems } = planPermissions(appspec, made);
  return {
    targets: permissions.map(({ target }) => target),
    problems: problems.map(({ severity, sentence }) => `${severity}: ${sentence}`),
  };
}

const reached: readonly (readonly [rule: string, targets: readonly string[]])[] = [
  ["object: /srv/a.conf", ["/srv/a.conf"]],
  ["object: /srv", ["/srv/bin", "/srv/bin/deep", ...made.files]],
  ["object: /srv/", ["/srv/bin", "/srv/bin/deep", ...made.files]],
  ["object: /srv, type: [file]", made.files],
  ["object: /srv, type: [directory]", ["/srv", "/srv/bin", "/srv/bin/deep"]],
  ['object: /srv, pattern: "*.conf"', ["/srv/a.conf", "/srv/b.conf"]],
  ['object: /srv, pattern: "*"', ["/srv/bin", "/srv/a.conf", "/srv/b.conf"]],
  ['object: /srv, pattern: "?.conf"', []],
  ['object: /srv, pattern: "b*n"', ["/srv/bin"]],
  ['object: /srv, pattern: "*.conf", except: [a.conf]', ["/srv/b.conf"]],
  [
    'object: /srv, pattern: "**", except: ["*.conf", bin], type: [file]',
    ["/srv/bin/shop", "/srv/bin/deep/x"],
  ],
  ["object: /sr", []],
];

for (const [rule, targets] of reached) {
  test(`planPermissions: ${rule} reaches ${targets.length} of what was made`, () => {
    assert.deepEqual(plan(rule).targets, targets);
  });
}

test("planPermissions says what is wrong", () => {
  assert.deepEqual(plan('object: /srv/a.conf, pattern: "*"').problems, [
    "error: /srv/a.conf is a file; pattern and except are for folders",
  ]);
  assert.deepEqual(plan("object: /srv/a.conf", "object: /srv, pattern: a.conf").problems, [
    "error: /srv/a.conf is reached by two rules, also by that of line 4",
  ]);
  assert.deepEqual(plan("object: /elsewhere").problems, [
    "warning: /elsewhere is no file that is copied and holds nothing that is; the rule has no effect",
  ]);
  assert.deepEqual(plan('object: /srv/a.conf, acls: ["d:u:bob:r"]').problems, [
    "error: /srv/a.conf is a file, and default entries of acls are for folders",
  ]);
});

const entries: readonly (readonly [text: string, spelled: string | RegExp])[] = [
  ["u:bob:rw", "user:bob:rw-"],
  ["user:bob:7", "user:bob:rwx"],
  ["bob:r-x", "user:bob:r-x"],
  ["d:g:ops:5", "default:group:ops:r-x"],
  ["default:user::rwx", "default:user::rwx"],
  ["m:rx", "mask::r-x"],
  ["mask::0", "mask::---"],
  ["g::r", /use mode/],
  ["o::r", /use mode/],
  ["m:bob:r", /must not name anybody/],
  ["u:bob:rwxx", /letters of rwx-/],
  ["u:bob:8", /one digit/],
  ["u:bob:r:w", /a part too many/],
  ["u", /2 to 4 parts/],
  ["u:bob,ann:r", /does not name/],
];

for (const [text, spelled] of entries) {
  test(`parseAclEntry of ${text}`, () => {
    const entry = parseAclEntry(text);
    if (typeof entry === "string") assert.match(entry, spelled as RegExp);
    else
      assert.equal(
        `${entry.isDefault ? "default:" : ""}${entry.kind}:${entry.name}:${entry.permissions}`,
        spelled,
      );
  });
}

test("completeAcl adds what setfacl --set demands", () => {
  const parsed = ["u:bob:rw", "d:g:ops:r"]
    .map(parseAclEntry)
    .filter((entry) => typeof entry !== "string");
  assert.deepEqual(completeAcl(parsed, 0o750), [
    "user::rwx",
    "group::r-x",
    "other::---",
    "user:bob:rw-",
    "mask::r-x",
    "default:user::rwx",
    "default:group::r-x",
    "default:other::---",
    "default:group:ops:r--",
    "default:mask::r-x",
  ]);
  assert.deepEqual(completeAcl([], 0o644), ["user::rw-", "group::r--", "other::r--"]);
});

for (const range of ["s0", "s0-s3", "s0:c0", "s0-s3:c0.c5,c7", "s0:c1023"]) {
  test(`rangeProblem has nothing to say of ${range}`, () =>
    assert.equal(rangeProblem(range), undefined));
}

for (const range of ["", "0", "s3-s0", "s0:", "s0:c1024", "s0:c5.c1", "s0:c0.c5,c3", "s0:1"]) {
  test(`rangeProblem refuses ${JSON.stringify(range)}`, () =>
    assert.equal(typeof rangeProblem(range), "string"));
}
