// Repositories whose tags, branches and commits exercise the rules about versions.
import { goImportPage } from "../../../proxy/src/adapters/git-upstream/testing/git-server.ts";
import { RepositoryDraft, type Scenario } from "./scenario.ts";

const goMod = (path: string, ...lines: string[]): string =>
  `module ${path}\n\n${lines.join("\n")}\n`;

function tags(): Scenario {
  const module = "github.com/tags/m";
  const draft = new RepositoryDraft();
  draft.commit({ "go.mod": goMod(module), "a.go": "package m // 1\n" });
  draft.tag("v0.1.0");
  draft.commit({ "a.go": "package m // 2\n" });
  draft.tag("v1.0.0").tag("v1.0.0+meta").tag("release-1");
  draft.commit({ "a.go": "package m // 3\n" });
  draft.tag("v1.1.0-rc.1").branch("dev");
  const third = draft.commit({ "a.go": "package m // 4\n" });
  draft.annotatedTag("v1.1.0").tag("v1.3").tag("v01.2.3").tag("v2.0.0").tag("vx");
  draft.commit({ "a.go": "package m // 5\n" });
  draft.tag("v1.4.0+build.7").tag("v0.0.0-20200101000000-abcdefabcdef").branch("v9.9.9");
  draft.commit({ "a.go": "package m // 6\n" }, { branch: "side", after: third });
  draft.tag("v1.2.0-alpha").tag("v1.10.0").tag("v1.9.0");
  draft.commit({ "a.go": "package m // 7\n" });
  draft.branch("abcdef1").branch("feature/x").branch("v1.2.0-beta");
  return {
    name: "tags, branches and hashes",
    place: module,
    draft,
    modules: [module],
    questions: [
      ...["v0.1.0", "v1.0.0", "v1.1.0-rc.1", "v1.1.0", "v1.10.0", "v1.9.0", "v1.2.0-alpha"],
      ...["v1.0.0+meta", "v1.4.0+build.7", "v1.4.0", "v1.3.0", "v9.9.9", "v2.0.0", "v7.7.7"],
      ...["main", "dev", "side", "release-1", "vx", "v01.2.3", "HEAD", "nothing", "abcdef1"],
      ...[
        "v1.2.0-beta",
        "v1.1",
        "v2",
        ">v1.0.0",
        "<=v1.1.0",
        "<v1.1",
        "<=v1",
        "v0.0.0-20200101000000-abcdefabcdef",
        "v2.0.0+incompatible",
      ],
      ...["%1", "%2", "%3:12", "%4:7", "%4:6", "%5:8", "%6", "%7:20", "%7", "deadbeef"],
    ].map((query) => `${module}@${query}`),
  };
}

function pseudoVersions(): Scenario {
  const module = "github.com/pseudo/m";
  const draft = new RepositoryDraft();
  draft.commit({ "go.mod": goMod(module), "a.go": "package m // 1\n" }); // 1: no tag before it
  draft.commit({ "a.go": "package m // 2\n" }); // 2: tagged
  draft.tag("v1.0.0");
  const third = draft.commit({ "a.go": "package m // 3\n" }); // 3: after a release
  draft.commit({ "a.go": "package m // 4\n" }); // 4: tagged as a pre-release
  draft.tag("v1.1.0-rc.1");
  draft.commit({ "a.go": "package m // 5\n" }); // 5: after a pre-release
  draft.commit({ "a.go": "package m // 6\n" }); // 6: only a tag with build metadata
  draft.tag("v1.2.0+meta");
  draft.commit({ "a.go": "package m // 7\n" }); // 7: after that
  draft.commit({ "b.go": "package m // 8\n" }, { branch: "side", after: third }); // 8: another branch
  draft.annotatedTag("v1.5.0");
  const side = draft.commit({ "b.go": "package m // 9\n" }, { branch: "side" }); // 9: after v1.5.0
  draft.commit({ "b.go": "package m // 10\n" }, { merging: [side] }); // 10: brings both together
  draft.commit({ "a.go": "package m // 11\n" }, { seconds: 1_800_000_000 }); // 11: from the future
  draft.commit({ "a.go": "package m // 12\n" }, { seconds: 86_399 }); // 12: from 1970
  const bases = ["v0.0.0-", "v1.0.0-", "v1.0.1-0.", "v1.1.0-rc.1.0.", "v1.2.1-0.", "v1.5.1-0."];
  const wrong = ["v1.0.2-0.", "v1.1.1-0.", "v0.0.1-0.", "v2.0.0-", "v1.0.0-0.", "v1.1.0-rc.2.0."];
  return {
    name: "pseudo-versions on every base",
    place: module,
    draft,
    modules: [module],
    questions: [
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((index) => `%${index}`),
      ...[1, 2, 3, 5, 6, 7, 9, 10, 11].flatMap((index) => bases.map((base) => `${base}#${index}`)),
      ...[2, 3, 10].flatMap((index) => wrong.map((base) => `${base}#${index}`)),
      ...[
        "v0.0.0-20240103030406-%1:12",
        "v0.0.0-20240103030405-%1:11",
        "v0.0.0-20240103030405-%1:13",
      ],
      ...["v0.0.0-20241303030405-%1:12", "v1.0.1-0.#3+incompatible", "v0.0.0-#12", "v0.0.0-#11"],
      ...[
        "main",
        "side",
        "v0.0.0-20240103030405-000000000000",
        "v1",
        "v1.1",
        "v0",
        "<v1.2.0",
        ">=v1.0.0",
      ],
    ].map((query) => `${module}@${query}`),
  };
}

function majorVersions(): Scenario {
  const root = "github.com/major/m";
  const draft = new RepositoryDraft();
  draft.commit({ "go.mod": goMod(root), "a.go": "package m\n" });
  draft.tag("v1.0.0").tag("v2.0.0-early");
  draft.commit({ "go.mod": goMod(`${root}/v2`) });
  draft.tag("v2.0.0").tag("v1.9.0").branch("two");
  draft.commit({
    "go.mod": goMod(root),
    "v3/go.mod": goMod(`${root}/v3`),
    "v3/a.go": "package m\n",
  });
  draft.tag("v3.0.0").tag("v1.1.0");
  draft.commit({ "v4/go.mod": goMod(`${root}/v4`), "go.mod": goMod(`${root}/v4`) });
  draft.tag("v4.0.0");
  draft.commit({ "v5/go.mod": goMod(`${root}/v6`), "go.mod": goMod(root) });
  draft.tag("v5.0.0");
  draft.commit({ "v5/go.mod": "// nothing here\n" });
  draft.tag("v5.1.0");
  draft.commit({ "v5/go.mod": undefined, "go.mod": goMod("github.com/fork/elsewhere/v5") });
  draft.tag("v5.2.0").tag("v10.0.0");
  draft.commit({ "go.mod": "module (\n\tgithub.com/major/m/v7\n)\n" });
  draft.tag("v7.0.0");
  draft.commit({ "go.mod": '  module   "github.com/major/m/v8" // eight\n' });
  draft.tag("v8.0.0");
  draft.commit({ "go.mod": "module github.com/major/m/v1\n" });
  draft.tag("v1.2.0");
  draft.commit({ "go.mod": "module gopkg.in/major.v3\n" });
  draft.tag("v1.3.0").tag("v3.3.0");
  draft.commit({ "go.mod": undefined });
  draft.tag("v1.4.0").tag("v2.4.0").tag("v3.4.0");
  const paths = [
    root,
    ...["v2", "v3", "v4", "v5", "v6", "v7", "v8", "v10"].map((v) => `${root}/${v}`),
  ];
  const versions = ["v1.0.0", "v1.9.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v2.0.0-early"];
  const higher = ["v2.0.0", "v3.0.0", "v4.0.0", "v5.0.0", "v5.1.0", "v5.2.0", "v7.0.0", "v8.0.0"];
  return {
    name: "major versions in branches and directories",
    place: root,
    draft,
    modules: paths,
    questions: [
      ...versions.map((version) => `${root}@${version}`),
      ...[...higher, "v10.0.0", "v2.4.0", "v3.4.0", "v3.3.0"].flatMap((version) => [
        `${root}/${version.split(".", 1)[0]}@${version}`,
        `${root}@${version}`,
        `${root}@${version}+incompatible`,
      ]),
      ...paths.flatMap((path) => [`${path}@main`, `${path}@two`, `${path}@%3`]),
      `${root}/v2@v2.0.0-#2`,
      `${root}/v3@v3.0.1-0.#4`,
      `${root}/v2@v1.0.0`,
    ],
  };
}

function subdirectories(): Scenario {
  const root = "github.com/mono/repo";
  const draft = new RepositoryDraft();
  draft.commit({
    "go.mod": goMod(root),
    LICENSE: "the licence\n",
    "root.go": "package repo\n",
    "sub/go.mod": goMod(`${root}/sub`),
    "sub/a.go": "package sub\n",
    "sub/deep/go.mod": goMod(`${root}/sub/deep`),
    "sub/deep/LICENSE": "its own\n",
    "sub/deep/a.go": "package deep\n",
    "sub/plain/a.go": "package plain\n",
  });
  draft.tag("v1.0.0").tag("sub/v0.1.0").tag("sub/deep/v0.2.0");
  draft.commit({ "sub/v2/go.mod": goMod(`${root}/sub/v2`), "sub/v2/a.go": "package sub\n" });
  draft.tag("sub/v2.0.0").tag("sub/v1.0.0").tag("sub/v2.1.0-pre").tag("v2.0.0");
  draft.commit({
    "sub/go.mod": goMod(`${root}/sub`, "go 1.20"),
    "sub/v2/LICENSE": { link: "../x" },
  });
  draft.tag("sub/v1.1.0").tag("sub/v2.1.0").tag("sub/v0.0.0-20200101000000-abcdefabcdef");
  draft.commit({ LICENSE: { link: "sub/deep/LICENSE" } });
  draft.tag("sub/v1.2.0").tag("sub/v1.3.0+meta");
  draft.commit({ LICENSE: undefined, "LICENSE.txt": "x\n", "Sub/go.mod": goMod(`${root}/Sub`) });
  draft.tag("sub/v1.4.0").tag("Sub/v1.0.0");
  draft.commit({
    LICENSE: undefined,
    "LICENSE/README": "a directory\n",
    "sub/a.go": "package sub // 6\n",
  });
  const modules = ["", "/sub", "/sub/v2", "/sub/deep", "/sub/plain", "/nothing", "/Sub"].map(
    (p) => root + p,
  );
  return {
    name: "modules in directories",
    place: root,
    draft,
    modules,
    questions: [
      `${root}@v1.0.0`,
      `${root}@v2.0.0`,
      ...["v0.1.0", "v1.0.0", "v1.1.0", "v1.2.0", "v1.4.0", "v2.0.0", "v1.3.0"].map(
        (v) => `${root}/sub@${v}`,
      ),
      `${root}/sub@v0.0.0-20200101000000-abcdefabcdef`,
      ...["v2.0.0", "v2.1.0-pre", "v2.1.0", "v1.0.0"].map((v) => `${root}/sub/v2@${v}`),
      `${root}/sub/deep@v0.2.0`,
      `${root}/Sub@v1.0.0`,
      ...modules.flatMap((path) => [`${path}@main`, `${path}@%2`, `${path}@%4:12`]),
      `${root}/sub@v1.4.1-0.#6`,
      `${root}/sub@v0.1.1-0.#2`,
      `${root}/sub/v2@v2.1.1-0.#6`,
    ],
  };
}

/** Versions of major 2 and above from before there were modules. */
function incompatible(): readonly Scenario[] {
  const never = new RepositoryDraft();
  const nowhere = "github.com/old/never";
  never.commit({ "a.go": "package never\n" });
  never.tag("v1.0.0");
  never.commit({ "a.go": "package never // 2\n" });
  never.tag("v2.0.0").tag("v2.1.0-pre").tag("v10.0.0").tag("v2.0.0+incompatible");
  never.commit({ "v3/go.mod": goMod(`${nowhere}/v3`), "v3/a.go": "package never\n" });
  never.tag("v3.0.0").tag("v2.2.0");
  never.commit({ "a.go": "package never // 4\n" });

  const late = new RepositoryDraft();
  const adopted = "github.com/old/adopted";
  late.commit({ "a.go": "package adopted\n" });
  late.tag("v1.0.0").tag("v2.0.0").tag("v3.0.0");
  late.commit({ "go.mod": goMod(`${adopted}/v3`) });
  late.tag("v3.1.0");
  late.commit({ "go.mod": goMod(`${adopted}/v4`) });
  late.tag("v4.0.0");

  const kept = new RepositoryDraft();
  const stays = "github.com/old/stays";
  kept.commit({ "a.go": "package stays\n" });
  kept.tag("v2.0.0");
  kept.commit({ "go.mod": goMod(stays) });
  kept.tag("v1.5.0").tag("v2.5.0");
  kept.commit({ "a.go": "package stays // 3\n" });

  const versions = [
    "v1.0.0",
    "v2.0.0",
    "v2.0.0+incompatible",
    "v2.1.0-pre+incompatible",
    "v10.0.0",
  ];
  const more = [
    "v3.0.0",
    "v3.0.0+incompatible",
    "v1.0.0+incompatible",
    "v2.2.0",
    "v10.0.0+incompatible",
  ];
  const late2 = [
    "v3.1.0",
    "v3.1.0+incompatible",
    "v4.0.0",
    "v2.5.0",
    "v2.5.0+incompatible",
    "v1.5.0",
  ];
  const ask = (module: string, commits: number): string[] => [
    ...[...versions, ...more, ...late2].map((version) => `${module}@${version}`),
    ...Array.from({ length: commits }, (_none, index) => `${module}@%${index + 1}`),
    `${module}@main`,
    `${module}@v2.0.1-0.#${commits}+incompatible`,
    `${module}@v10.0.1-0.#${commits}+incompatible`,
    `${module}@v2.0.0-#${commits}+incompatible`,
    `${module}@v2.0.1-0.#${commits}`,
    `${module}@v0.0.0-#${commits}`,
  ];
  const scenario = (
    name: string,
    place: string,
    draft: RepositoryDraft,
    commits: number,
  ): Scenario => ({
    name,
    place,
    draft,
    modules: [place, `${place}/v2`, `${place}/v3`, `${place}/v4`],
    questions: ask(place, commits),
  });
  return [
    scenario("+incompatible without any go.mod", nowhere, never, 4),
    scenario("+incompatible until a go.mod came", adopted, late, 3),
    scenario("+incompatible beside a go.mod of v1", stays, kept, 3),
  ];
}

function gopkgIn(): readonly Scenario[] {
  const draft = new RepositoryDraft();
  draft.commit({ "yaml.go": "package yaml\n" });
  draft.tag("v1.0.0").tag("v0.9.0");
  draft.commit({ "yaml.go": "package yaml // 2\n" });
  draft.tag("v2.0.0").tag("v2").tag("v2.1");
  draft.commit({ "go.mod": 'module "gopkg.in/yaml.v2"\n' });
  draft.tag("v2.2.0").tag("v3.0.0");
  draft.commit({ "go.mod": "module gopkg.in/yaml.v3\n" });
  draft.tag("v3.1.0").tag("v2.3.0");
  draft.commit({ "go.mod": "module github.com/go-yaml/yaml\n" });
  draft.tag("v2.4.0").tag("v1.1.0");
  const place = "gopkg.in/store/yaml";
  const roots = ["yaml.v1", "yaml.v2", "yaml.v3", "yaml.v2-unstable", "yaml.v0"].map(
    (n) => `gopkg.in/${n}`,
  );
  const url = `https://${place}`;
  return [
    {
      name: "gopkg.in",
      place,
      draft,
      pages: Object.fromEntries(roots.map((root) => [root, goImportPage(`${root} git ${url}`)])),
      modules: roots,
      questions: roots.flatMap((root) => [
        ...[
          "v0.9.0",
          "v1.0.0",
          "v1.1.0",
          "v2.0.0",
          "v2.2.0",
          "v2.3.0",
          "v2.4.0",
          "v3.0.0",
          "v3.1.0",
        ].map((version) => `${root}@${version}`),
        ...["%1", "%2", "%3", "%4", "%5", "main", "v2", "v2.1"].map((query) => `${root}@${query}`),
        `${root}@v0.0.0-#1`,
        `${root}@v1.0.0-#1`,
        `${root}@v2.0.1-0.#3`,
        `${root}@v2.0.0-#2`,
      ]),
    },
  ];
}

function retracted(): readonly Scenario[] {
  const some = new RepositoryDraft();
  const module = "github.com/back/some";
  some.commit({ "go.mod": goMod(module), "a.go": "package some\n" });
  some.tag("v1.0.0").tag("v1.1.0");
  some.commit({ "a.go": "package some // 2\n" });
  some.tag("v1.2.0").tag("v1.3.0-rc.1");
  some.commit({
    "go.mod": goMod(module, "retract (", "\tv1.4.0 // itself", "\t[v1.1.0, v1.2.0]", ")"),
  });
  some.tag("v1.4.0");
  some.commit({ "a.go": "package some // 4\n" });

  const all = new RepositoryDraft();
  const nothing = "github.com/back/all";
  all.commit({ "go.mod": goMod(nothing), "a.go": "package all\n" });
  all.tag("v1.0.0");
  all.commit({ "go.mod": goMod(nothing, "retract [v0.0.0, v1.9.9]") });
  all.tag("v1.0.1");
  all.commit({ "a.go": "package all // 3\n" });

  const odd = new RepositoryDraft();
  const broken = "github.com/back/broken";
  odd.commit({ "go.mod": goMod(broken), "a.go": "package broken\n" });
  odd.tag("v1.0.0");
  odd.commit({ "go.mod": `module ${broken}\n\nretract v1.0.0\nrequire (\n` });
  odd.tag("v1.1.0");
  odd.commit({ "go.mod": goMod(`${broken}/v2`, "retract v1.1.0") });
  odd.tag("v1.2.0");
  return [
    {
      name: "some versions retracted",
      place: module,
      draft: some,
      modules: [module],
      questions: ["v1.1.0", "v1.4.0", "v1.3.0-rc.1", "%1", "%2", "%3", "%4", "main"].map(
        (q) => `${module}@${q}`,
      ),
    },
    {
      name: "all versions retracted",
      place: nothing,
      draft: all,
      modules: [nothing],
      questions: ["v1.0.0", "v1.0.1", "%1", "%2", "%3"].map((q) => `${nothing}@${q}`),
    },
    {
      name: "a go.mod that cannot be read",
      place: broken,
      draft: odd,
      modules: [broken],
      questions: ["v1.0.0", "v1.1.0", "v1.2.0", "main", "%2"].map((q) => `${broken}@${q}`),
    },
  ];
}

function odds(): readonly Scenario[] {
  const hashes = new RepositoryDraft();
  hashes.commit({ "go.mod": goMod("github.com/sha/m"), "a.go": "package m\n" });
  hashes.tag("v1.0.0");
  hashes.commit({ "a.go": "package m // 2\n" });

  const headless = new RepositoryDraft();
  headless.commit({ "go.mod": goMod("github.com/odd/headless") }, { branch: "trunk" });
  headless.commit({ "a.go": "package headless\n" }, { branch: "trunk" });

  const untagged = new RepositoryDraft();
  untagged.commit({ "a.go": "package untagged\n" });
  untagged.commit({ "a.go": "package untagged // 2\n" });
  return [
    {
      name: "sha256",
      place: "github.com/sha/m",
      draft: hashes,
      format: "sha256",
      modules: ["github.com/sha/m"],
      questions: ["v1.0.0", "main", "%1", "%2", "%2:12", "v1.0.1-0.#2"].map(
        (q) => `github.com/sha/m@${q}`,
      ),
    },
    {
      name: "a default branch that is not there",
      place: "github.com/odd/headless",
      draft: headless,
      modules: ["github.com/odd/headless"],
      questions: ["trunk", "main", "HEAD", "%1"].map((q) => `github.com/odd/headless@${q}`),
    },
    {
      name: "no tags and no go.mod",
      place: "github.com/odd/untagged",
      draft: untagged,
      modules: [
        "github.com/odd/untagged",
        "github.com/odd/untagged/v2",
        "github.com/odd/untagged/sub",
      ],
      questions: ["main", "%1", "v0.0.0-#2", "v1.0.0", "HEAD"].map(
        (q) => `github.com/odd/untagged@${q}`,
      ),
    },
    {
      name: "an empty repository",
      place: "github.com/odd/empty",
      draft: new RepositoryDraft(),
      modules: ["github.com/odd/empty"],
      questions: ["main", "v1.0.0", "HEAD"].map((q) => `github.com/odd/empty@${q}`),
    },
  ];
}

/** Everything about versions. */
export function versionScenarios(): readonly Scenario[] {
  return [
    tags(),
    pseudoVersions(),
    majorVersions(),
    subdirectories(),
    ...incompatible(),
    ...gopkgIn(),
    ...retracted(),
    ...odds(),
  ];
}
