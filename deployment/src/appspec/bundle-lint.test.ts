import assert from "node:assert/strict";
import { test } from "node:test";
import { type LintedFile, lintBundle } from "./bundle-lint.ts";

const appspec = `version: 0.0
os: linux
files:
  - source: shop
    destination: /srv
hooks:
  AfterInstall:
    - location: start.sh
      timeout: 1800
    - location: check.sh
      timeout: 1800
`;

function file(path: string, mode: number, text: string): LintedFile {
  return { path, mode, head: Buffer.from(text, "latin1") };
}

const sound = [
  file("appspec.yml", 0o644, appspec),
  file("shop", 0o755, "\x7fELF"),
  file("start.sh", 0o755, "#!/bin/sh\necho\n"),
  file("check.sh", 0o755, "#!/usr/bin/env bash\n"),
];

function lint(text: string, ...changed: readonly LintedFile[]): readonly string[] {
  const files = [
    ...sound.filter(({ path }) => !changed.some((one) => one.path === path)),
    ...changed,
  ];
  return lintBundle(text, files).map(
    ({ line, column, severity, sentence }) => `${line}:${column} ${severity} ${sentence}`,
  );
}

test("lintBundle has nothing to say of a sound bundle", () => assert.deepEqual(lint(appspec), []));

const scripts: readonly (readonly [mode: number, head: string, said: RegExp])[] = [
  [0o644, "#!/bin/sh\n", /^8:17 warning start\.sh is not executable/],
  [0o755, "#!/bin/sh\r\necho\r\n", /^8:17 error start\.sh has Windows line ends/],
  [0o755, "echo\n", /^8:17 warning start\.sh has no #!/],
  [0o755, "", /^8:17 warning start\.sh has no #!/],
  [0o755, "\xef\xbb\xbf#!/bin/sh\n", /^8:17 error start\.sh begins with a byte order mark/],
  [0o755, "#!bash\n", /^8:17 error start\.sh names the interpreter "bash"/],
];

for (const [mode, head, said] of scripts) {
  test(`lintBundle of a script with mode ${mode.toString(8)} and ${JSON.stringify(head)}`, () => {
    const diagnostics = lint(appspec, file("start.sh", mode, head));
    assert.equal(diagnostics.length, 1);
    assert.match(diagnostics[0] ?? "", said);
  });
}

test("lintBundle names missing scripts and sources, limits that are too long together, and paths that leave", () => {
  assert.deepEqual(lint(appspec.replace("start.sh", "begin.sh")), [
    "8:17 error the script begin.sh is not in the bundle",
  ]);
  assert.deepEqual(lint(appspec.replace("source: shop", "source: shopp")), [
    "4:5 error source shopp names nothing in the bundle",
  ]);
  assert.match(
    lint(appspec.replace("1800", "1801"))[0] ?? "",
    /^8:17 error the scripts of AfterInstall may take 3601 seconds together/,
  );
  assert.match(lint(appspec, file("../x", 0o644, ""))[0] ?? "", /has the part \.\./);
  assert.match(
    lint(appspec.replace("version: 0.0", "version: 1.0"))[0] ?? "",
    /^1:10 error version must be/,
  );
});
