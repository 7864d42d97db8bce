// Hosts that say in web pages where the repositories of their modules are.
import { goImportPage } from "../../../proxy/src/adapters/git-upstream/testing/git-server.ts";
import { RepositoryDraft, type Scenario } from "./scenario.ts";

const goMod = (path: string): string => `module ${path}\n`;

function vanity(): Scenario {
  const place = "code.example/store/vanity";
  const root = "go.example/vanity";
  const url = `https://${place}`;
  const draft = new RepositoryDraft();
  draft.commit({
    "go.mod": goMod(root),
    "a.go": "package vanity\n",
    "sub/go.mod": goMod(`${root}/sub`),
    "sub/a.go": "package sub\n",
    "v2/go.mod": goMod(`${root}/v2`),
    "in/side/go.mod": goMod("go.example/inside"),
    "in/side/more/go.mod": goMod("go.example/inside/more"),
    "in/side/v2/go.mod": goMod("go.example/inside/v2"),
    LICENSE: "yes\n",
  });
  draft.tag("v1.0.0").tag("sub/v1.0.0").tag("v2.0.0");
  draft
    .tag("in/side/v1.0.0")
    .tag("in/side/more/v1.0.0")
    .tag("more/in/side/v1.0.0")
    .tag("in/side/v2.0.0");
  const page = goImportPage(`${root} git ${url}`);
  const inside = goImportPage(`go.example/inside git ${url} in/side`);
  const nowhere = goImportPage("go.example/other git https://code.example/nowhere");
  const xhtml = `<?xml version="1.0"?><!DOCTYPE html [ <!ENTITY x "y"> ]><HTML><HEAD><META
    NAME='go-import' CONTENT="go.example/loud  git   ${url}"/></HEAD></HTML>`;
  const messy = `<html><head><script>if (a<b && c) { "</script>"</script>
    <meta name="go-import" content="go.example/late git ${url}"></head></html>`;
  const early = `<html><head><meta name=go-import content="go.example/early git ${url}">
    <script>if (a<b && c) { d(); }</script></head></html>`;
  const body = `<html><body><meta name="go-import" content="go.example/body git ${url}"></body></html>`;
  const entities = goImportPage(`go.example/entity git https:&#47;&#x2f;code.example/store/vanity`);
  const modules = [
    root,
    `${root}/sub`,
    `${root}/v2`,
    "go.example/inside",
    "go.example/inside/more",
  ];
  const others = [
    "loud",
    "late",
    "early",
    "body",
    "entity",
    "two",
    "liar/x",
    "missing",
    "file",
    "badvcs",
  ];
  const more = [
    "subdir-slash",
    "subdir-dash",
    "subdir-up",
    "relative",
    "one/deep",
    "broken",
    "five",
  ];
  const ask = (path: string) => [`${path}@v1.0.0`, `${path}@main`];
  return {
    name: "go-import tags",
    place,
    draft,
    modules: [...modules, "go.example/inside/v2"],
    pages: {
      [root]: page,
      [`${root}/sub`]: { status: 404, body: page },
      [`${root}/v2`]: page,
      "go.example/inside": inside,
      "go.example/inside/more": inside,
      "go.example/inside/v2": inside,
      "go.example/loud": xhtml,
      "go.example/late": messy,
      "go.example/early": early,
      "go.example/body": body,
      "go.example/entity": entities,
      "go.example/two": goImportPage(`go.example/two git ${url}`, `go.example/two hg ${url}`),
      "go.example/liar/x": goImportPage(`go.example/liar git ${url}`),
      "go.example/liar": goImportPage("go.example/liar git https://code.example/else"),
      "go.example/missing": "<html><head></head></html>",
      "go.example/file": goImportPage("go.example/file git file:///etc"),
      "go.example/badvcs": goImportPage(`go.example/badvcs cvs ${url}`),
      "go.example/subdir-slash": goImportPage(`go.example/subdir-slash git ${url} /in`),
      "go.example/subdir-dash": goImportPage(`go.example/subdir-dash git ${url} -in`),
      "go.example/subdir-up": goImportPage(`go.example/subdir-up git ${url} in/../sub`),
      "go.example/relative": goImportPage("go.example/relative git code.example/store"),
      "go.example/one/deep": goImportPage(`go.example/one git ${url}`),
      "go.example/one": goImportPage(`go.example/one git ${url}`),
      "go.example/broken": "<<<<",
      "go.example/five": goImportPage(`go.example/five git ${url} sub extra`),
      "go.example/other": nowhere,
    },
    questions: [
      ...[root, `${root}/sub`, "go.example/inside", "go.example/inside/more"].flatMap(ask),
      `${root}/v2@v2.0.0`,
      "go.example/inside/v2@v2.0.0",
      ...[...others, ...more, "other", "unknown"].flatMap((name) => ask(`go.example/${name}`)),
    ],
  };
}

function suffixes(): Scenario {
  const place = "git.example/team/thing";
  const draft = new RepositoryDraft();
  const root = "git.example/team/thing.git";
  draft.commit({
    "go.mod": goMod(root),
    "a.go": "package thing\n",
    "sub/go.mod": goMod(`${root}/sub`),
    "v2/go.mod": goMod(`${root}/v2`),
  });
  draft.tag("v1.0.0").tag("sub/v0.1.0").tag("v2.0.0");
  return {
    name: "paths with .git",
    place,
    draft,
    modules: [root, `${root}/sub`, `${root}/v2`],
    questions: [
      `${root}@v1.0.0`,
      `${root}/sub@v0.1.0`,
      `${root}/v2@v2.0.0`,
      `${root}@main`,
      `${root}/sub@main`,
    ],
  };
}

/** Everything about finding repositories. */
export function discoveryScenarios(): readonly Scenario[] {
  return [vanity(), suffixes()];
}
