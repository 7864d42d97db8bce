import assert from "node:assert/strict";
import { test } from "node:test";
import { type ModuleFile, selectModuleFiles } from "./module-files.ts";

const mebibyte = 2 ** 20;

/** What becomes of each path in a list; `kept` or the reason against it. */
interface Case {
  readonly title: string;
  readonly goMod?: string;
  readonly files: readonly (string | ModuleFile)[];
  readonly fate: Readonly<Record<string, string | RegExp>>;
  readonly tooLarge?: boolean;
}

const cases: readonly Case[] = [
  {
    title: "keeps what belongs to the module",
    files: ["go.mod", "a.go", "internal/b.go", "testdata/ä b.txt", ".golangci.yml", "LICENSE"],
    fate: {
      "go.mod": "kept",
      "a.go": "kept",
      "internal/b.go": "kept",
      "testdata/ä b.txt": "kept",
      ".golangci.yml": "kept",
      LICENSE: "kept",
    },
  },
  {
    title: "omits vendored packages by the old rule",
    goMod: "go 1.23",
    files: ["go.mod", "vendor/modules.txt", "vendor/p/x.go", "pkg/vendor/x.go"],
    fate: {
      "vendor/modules.txt": "kept",
      "vendor/p/x.go": "it is in a vendored package",
      "pkg/vendor/x.go": "it is in a vendored package",
    },
  },
  {
    title: "omits vendored packages by the rule since Go 1.24",
    goMod: "go 1.24",
    files: ["go.mod", "vendor/modules.txt", "vendor/p/x.go", "pkg/vendor/x.go"],
    fate: {
      "vendor/modules.txt": "it is in a vendored package",
      "vendor/p/x.go": "it is in a vendored package",
      "pkg/vendor/x.go": "kept",
    },
  },
  {
    title: "takes the old rule if go.mod is not among the files or not regular",
    goMod: "go 1.24",
    files: [link("go.mod"), "vendor/modules.txt"],
    fate: { "go.mod": "it is a symbolic link", "vendor/modules.txt": "kept" },
  },
  {
    title: "omits nested modules, whatever the case of their go.mod",
    files: ["a/go.mod", "a/x.go", "a/b/c/y.go", "d/GO.MOD", "d/z.go", "e/go.mod.txt", "e/x.go"],
    fate: {
      "a/go.mod": "it is in another module",
      "a/x.go": "it is in another module",
      "a/b/c/y.go": "it is in another module",
      "d/GO.MOD": "it is in another module",
      "d/z.go": "it is in another module",
      "e/go.mod.txt": "kept",
      "e/x.go": "kept",
    },
  },
  {
    title: "takes no module from a go.mod that is not regular",
    files: [link("a/go.mod"), "a/x.go", directory("b/go.mod"), "b/x.go"],
    fate: {
      "a/go.mod": "it is a symbolic link",
      "a/x.go": "kept",
      "b/go.mod": "it is not a regular file",
      "b/x.go": "kept",
    },
  },
  {
    title: "omits symbolic links, other irregular files and the note of hg archive",
    files: [
      link("link"),
      { path: "pipe", kind: "irregular", sizeBytes: 0 },
      ".hg_archival.txt",
      "a/.hg_archival.txt",
    ],
    fate: {
      link: "it is a symbolic link",
      pipe: "it is not a regular file",
      ".hg_archival.txt": "it is a note of hg archive",
      "a/.hg_archival.txt": "kept",
    },
  },
  {
    title: "refuses bad names, also of links",
    files: ["a:b", link("c*"), "con", "x/../y", "/z", "./w", "v/", ""],
    fate: {
      "a:b": /not allowed/,
      "c*": /not allowed/,
      con: /Windows/,
      "x/../y": /not clean/,
      "/z": /not relative/,
      "./w": /not clean/,
      "v/": /not clean/,
      "": /not clean/,
    },
  },
  {
    title: "does not mind bad names in vendored packages and nested modules",
    files: ["vendor/p/a:b", "vendor/p/A.go", "vendor/p/a.go", "n/go.mod", "n/a*", "../vendor/a/b"],
    fate: {
      "vendor/p/a:b": "it is in a vendored package",
      "vendor/p/A.go": "it is in a vendored package",
      "vendor/p/a.go": "it is in a vendored package",
      "n/a*": "it is in another module",
      "../vendor/a/b": "it is in a vendored package",
    },
  },
  {
    title: "refuses a root go.mod that is spelled otherwise",
    files: ["Go.mod"],
    fate: { "Go.mod": /lower case/ },
  },
  {
    title: "refuses paths that differ only in case, links included",
    files: ["README", "Readme", link("a"), "A", "b/x", "B/y"],
    fate: {
      README: "kept",
      Readme: /"README" and "Readme" differ only in case/,
      a: "it is a symbolic link",
      A: /differ only in case/,
      "b/x": "kept",
      "B/y": /"b" and "B" differ only in case/,
    },
  },
  {
    title: "gives each path one fate, the first",
    files: [link("a"), "a", "b", "b"],
    fate: { a: "it is a symbolic link", b: /the file "b" occurs twice/ },
  },
  {
    title: "refuses a go.mod and a LICENSE above 16 MiB, but only in the root",
    files: [
      { path: "go.mod", kind: "regular", sizeBytes: 16 * mebibyte + 1 },
      { path: "LICENSE", kind: "regular", sizeBytes: 16 * mebibyte + 1 },
      { path: "a/LICENSE", kind: "regular", sizeBytes: 16 * mebibyte + 1 },
      { path: "COPYING", kind: "regular", sizeBytes: 16 * mebibyte + 1 },
    ],
    fate: { "go.mod": /larger/, LICENSE: /larger/, "a/LICENSE": "kept", COPYING: "kept" },
  },
  {
    title: "allows a go.mod and a LICENSE of 16 MiB",
    files: [
      { path: "go.mod", kind: "regular", sizeBytes: 16 * mebibyte },
      { path: "LICENSE", kind: "regular", sizeBytes: 16 * mebibyte },
    ],
    fate: { "go.mod": "kept", LICENSE: "kept" },
  },
  {
    title: "allows 500 MiB in all",
    files: [
      { path: "a", kind: "regular", sizeBytes: 499 * mebibyte },
      { path: "b", kind: "regular", sizeBytes: mebibyte },
      { path: "vendor/p/c", kind: "regular", sizeBytes: mebibyte },
    ],
    fate: { a: "kept", b: "kept" },
  },
  {
    title: "finds more than 500 MiB too large",
    files: [
      { path: "a", kind: "regular", sizeBytes: 499 * mebibyte },
      { path: "b", kind: "regular", sizeBytes: mebibyte + 1 },
    ],
    fate: { a: "kept", b: "kept" },
    tooLarge: true,
  },
];

for (const { title, goMod, files, fate, tooLarge = false } of cases) {
  test(`selectModuleFiles ${title}`, () => {
    const given = files.map((file) => (typeof file === "string" ? regular(file) : file));
    const goModBytes = goMod === undefined ? undefined : Buffer.from(goMod);
    const { keep, omitted, invalid, isTooLarge } = selectModuleFiles(given, goModBytes);
    const found = new Map(keep.map(({ path }) => [path, "kept"]));
    for (const { path, reason } of omitted) found.set(path, reason);
    for (const { path, reason } of invalid) found.set(path, `invalid: ${reason}`);
    for (const [path, expected] of Object.entries(fate)) {
      if (typeof expected === "string") assert.equal(found.get(path), expected, path);
      else assert.match(found.get(path) ?? "", new RegExp(`^invalid: .*${expected.source}`), path);
    }
    assert.equal(isTooLarge, tooLarge);
  });
}

test("selectModuleFiles gives back the very files, in their order", () => {
  const files = [regular("b"), regular("a"), regular("c")];
  assert.deepEqual(selectModuleFiles(files, undefined).keep, files);
});

function regular(path: string): ModuleFile {
  return { path, kind: "regular", sizeBytes: 1 };
}

function link(path: string): ModuleFile {
  return { path, kind: "symlink", sizeBytes: 1 };
}

function directory(path: string): ModuleFile {
  return { path, kind: "directory", sizeBytes: 0 };
}
