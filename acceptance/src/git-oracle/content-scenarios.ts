// Repositories whose files exercise the rules about what is in a zip.
import { RepositoryDraft, type Scenario } from "./scenario.ts";

const goMod = (path: string, go = ""): string => `module ${path}\n${go && `\ngo ${go}\n`}`;
const dates = "$Format:%H %an$";

/** What .gitattributes may do to content. */
function attributes(): Scenario {
  const root = "github.com/attr/m";
  const draft = new RepositoryDraft();
  draft.commit({
    ".gitattributes": [
      "*.crlf text eol=crlf",
      "*.lf text eol=lf",
      "*.auto text=auto",
      "*.id ident",
      "*.u16 working-tree-encoding=UTF-16LE text",
      "*.u16bom working-tree-encoding=UTF-16 eol=crlf",
      "*.latin working-tree-encoding=ISO-8859-1",
      "*.ignored export-ignore",
      "*.subst export-subst",
      "[attr]shout ident eol=crlf text",
      "*.macro shout",
      "*.lfs filter=lfs diff=lfs merge=lfs -text",
      "*.old crlf",
      "*.bin binary",
      "ignored-dir export-ignore",
      "go.mod eol=crlf",
    ].join("\n"),
    "go.mod": goMod(root, "1.21"),
    "a.crlf": "one\ntwo\n",
    "both.crlf": "one\r\ntwo\n",
    "a.lf": "one\r\ntwo\n",
    "a.auto": "one\r\ntwo\n",
    "a.id": "// $Id$ and $Id: something $\n",
    "a.u16": "grüße\n",
    "a.u16bom": "grüße\n",
    "a.latin": "grüße\n",
    "a.ignored": "still here\n",
    "ignored-dir/a.go": "package a\n",
    "a.subst": `${dates}\n`,
    "a.macro": "$Id$\n",
    "a.lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "a.old": "one\ntwo\n",
    "a.bin": "one\r\n$Id$\n",
    "none.txt": "one\r\n$Id$\n",
    "sub/go.mod": goMod(`${root}/sub`),
    "sub/.gitattributes": "*.crlf -text\n*.id -ident\n/LICENSE eol=crlf\n",
    "sub/a.crlf": "one\ntwo\n",
    "sub/a.id": "$Id$\n",
    "sub/a.macro": "$Id$\n",
    "sub/deep/.gitattributes": "*.id ident\n",
    "sub/deep/a.id": "$Id$\n",
    "sub/nested/go.mod": goMod(`${root}/sub/nested`),
    "sub/nested/a.id": "$Id$\n",
    "other/go.mod": goMod(`${root}/other`),
    "other/a.macro": "$Id$\n",
    LICENSE: "the\nlicence\n",
  });
  draft.tag("v1.0.0").tag("sub/v1.0.0").tag("other/v1.0.0").tag("sub/nested/v1.0.0");
  draft.commit({
    ".gitattributes": { link: "other/a.macro" },
    "other/.gitattributes": "* text eol=crlf ident\n",
    "vendor/x/.gitattributes": "* ident\n",
    "vendor/x/y.id": "$Id$\n",
    "vendor/modules.txt": "# $Id$\n",
    "other/vendor/z/a.go": "package z\n",
  });
  draft.tag("v1.1.0").tag("other/v1.1.0").tag("sub/v1.1.0");
  draft.commit({
    ".gitattributes": "LICENSE text eol=crlf\ngo.mod working-tree-encoding=UTF-16\n",
  });
  draft.tag("v1.2.0").tag("other/v1.2.0").tag("sub/v1.2.0");
  draft.commit({ ".gitattributes": "*.u16 working-tree-encoding=NO-SUCH-THING\n" });
  draft.tag("v1.3.0");
  const of = (module: string, ...versions: string[]) =>
    versions.map((version) => `${module}@${version}`);
  return {
    name: ".gitattributes",
    place: root,
    draft,
    modules: [],
    questions: [
      ...of(root, "v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"),
      ...of(`${root}/sub`, "v1.0.0", "v1.1.0", "v1.2.0"),
      ...of(`${root}/other`, "v1.0.0", "v1.1.0", "v1.2.0"),
      ...of(`${root}/sub/nested`, "v1.0.0"),
    ],
  };
}

function vendored(): Scenario {
  const root = "github.com/vend/m";
  const draft = new RepositoryDraft();
  const files = {
    "vendor/modules.txt": "# x\n",
    "vendor/vendor.go": "package vendor\n",
    "vendor/example.com/x/x.go": "package x\n",
    "pkg/vendor/vendor.go": "package vendor\n",
    "pkg/vendor/example.com/y/y.go": "package y\n",
    "pkg/vendor/modules.txt": "# y\n",
    "a/vendor/b/vendor/c.go": "package c\n",
    "longer-than-that/vendor/v.go": "package v\n",
    "vendors/x/y.go": "package y\n",
    "xvendor/x/y.go": "package y\n",
    "vendor/bad:name/x.go": "package x\n",
    "sub/go.mod": goMod(`${root}/sub`, "1.24"),
    "sub/vendor/modules.txt": "# z\n",
    "sub/vendor/z/z.go": "package z\n",
    "sub/pkg/vendor/v.go": "package v\n",
  };
  const versions = [
    "",
    "1.1",
    "1.23",
    "1.23.9",
    "1.24",
    "1.24.0",
    "1.24rc1",
    "1.25",
    "1.3",
    "2.0",
    "1.24.x",
  ];
  versions.forEach((go, index) => {
    draft.commit({ ...files, "go.mod": goMod(root, go) });
    draft.tag(`v1.${index}.0`).tag(`sub/v1.${index}.0`);
  });
  draft.commit({ "go.mod": undefined });
  draft.tag("v1.20.0");
  draft.commit({ "go.mod": `module ${root}\n\ngo 1.24\nfrobnicate\n` });
  draft.tag("v1.21.0");
  draft.commit({ "go.mod": `module ${root}\r\n\r\ngo 1.24\r\n` });
  draft.tag("v1.22.0");
  const wanted = [...versions.keys(), 20, 21, 22].filter((index) => versions[index] !== "2.0");
  return {
    name: "vendored packages before and since go 1.24",
    place: root,
    draft,
    modules: [],
    questions: [...wanted.map((index) => `${root}@v1.${index}.0`), `${root}/sub@v1.0.0`],
  };
}

/** Kinds of files, and names that may or may not be in a module. */
function names(): Scenario {
  const root = "github.com/names/m";
  const draft = new RepositoryDraft();
  const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}.go`;
  const submodule = "0123456789012345678901234567890123456789";
  draft.commit({
    "go.mod": goMod(root),
    "a.go": "package m\n",
    "empty.txt": "",
    "run.sh": { executable: "#!/bin/sh\n" },
    link: { link: "a.go" },
    "dir-link": { link: "deep" },
    "deep/er/b.go": "package er\n",
    "mod/ule": { submodule },
    ".gitmodules": '[submodule "x"]\n',
    ".hidden/file": "x\n",
    "größe/naïve.go": "package naive\n",
    "世界.txt": "x\n",
    "with space/and (parens) [x] {y}.txt": "x\n",
    "-dash.txt": "x\n",
    "tilde~1": "x\n",
    [long]: "package long\n",
    ".hg_archival.txt": "x\n",
    "nested/go.mod": goMod(`${root}/nested`),
    "nested/a.go": "package nested\n",
    "nested/deeper/a.go": "package deeper\n",
    "shout/GO.MOD": goMod(`${root}/shout`),
    "shout/a.go": "package shout\n",
    "linked/go.mod": { link: "../go.mod" },
    "linked/a.go": "package linked\n",
    "gomoddir/go.mod/a.go": "package a\n",
    "binary.dat": new Uint8Array([0, 1, 2, 253, 254, 255]),
    "large.txt": "0123456789abcdef\n".repeat(40_000),
  });
  draft.tag("v1.0.0").tag("nested/v1.0.0").tag("linked/v1.0.0").tag("shout/v1.0.0");
  const faults: Record<string, Parameters<RepositoryDraft["commit"]>[0]> = {
    "v1.1.0": { "A.go": "package m\n" },
    "v1.2.0": { "con.txt": "x\n" },
    "v1.3.0": { "x:y.txt": "x\n" },
    "v1.4.0": { "dot./x": "x\n" },
    "v1.5.0": { "mark\u0301.txt": "x\n" },
    "v1.6.0": { "emoji😀.txt": "x\n" },
    "v1.7.0": { "GO.mod": "x\n", "go.mod": undefined },
    "v1.8.0": { LINK: { link: "a.go" } },
    "v1.9.0": { "bad:link": { link: "a.go" } },
    "v1.10.0": { "bad:submodule": { submodule } },
    "v1.11.0": { "nested/bad:name": "x\n" },
    "v1.12.0": { 'quote".txt': "x\n" },
    "v1.13.0": { "Deep/x": "x\n" },
    "v1.14.0": { "back\\slash": "x\n" },
    "v1.15.0": { "ſ.go": "x\n", "s.go": "x\n" },
    "v1.16.0": { "go.mod": { link: "nested/go.mod" } },
    "v1.17.0": { "go.mod": undefined, "go.mod/x": "x\n" },
    "v1.19.0": { "git~1": "x\n" },
    "v1.20.0": { "Nested/go.mod": "module x\n", "nested/go.mod": undefined },
    "v1.18.0": { "tab\t.txt": "x\n" },
  };
  for (const [version, files] of Object.entries(faults)) {
    draft.commit(files, { branch: `b-${version}`, after: 1 });
    draft.tag(version);
  }
  return {
    name: "names and kinds of files",
    place: root,
    draft,
    modules: [],
    questions: [
      `${root}@v1.0.0`,
      `${root}/nested@v1.0.0`,
      `${root}/linked@v1.0.0`,
      `${root}/shout@v1.0.0`,
      ...Object.keys(faults).map((version) => `${root}@${version}`),
    ],
  };
}

function licenses(): Scenario {
  const root = "github.com/lic/m";
  const draft = new RepositoryDraft();
  draft.commit({
    LICENSE: "root\n",
    "a/go.mod": goMod(`${root}/a`),
    "b/go.mod": goMod(`${root}/b`),
    "b/LICENSE": "b's own\n",
    "c/go.mod": goMod(`${root}/c`),
    "c/LICENSE": { link: "../LICENSE" },
    "d/go.mod": goMod(`${root}/d`),
    "d/License": "other case\n",
    "e/go.mod": goMod(`${root}/e`),
    "e/LICENSE/text": "a directory\n",
    "f/go.mod": goMod(`${root}/f`),
    "f/LICENSE": { submodule: "0123456789012345678901234567890123456789" },
    "v2/go.mod": goMod(`${root}/v2`),
  });
  for (const name of ["a", "b", "c", "d", "e", "f"]) draft.tag(`${name}/v1.0.0`);
  draft.tag("v2.0.0");
  return {
    name: "LICENSE of the repository's root",
    place: root,
    draft,
    modules: [],
    questions: [
      ...["a", "b", "c", "d", "e", "f"].map((name) => `${root}/${name}@v1.0.0`),
      `${root}/v2@v2.0.0`,
    ],
  };
}

/** Everything about content. */
export function contentScenarios(): readonly Scenario[] {
  return [attributes(), vendored(), names(), licenses()];
}
