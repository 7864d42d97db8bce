// Modules that are just as large as they may be, and larger.
import { RepositoryDraft, type Scenario } from "./scenario.ts";

const mebibyte = 2 ** 20;

/** Text of just this length that may begin a go.mod. */
function text(beginning: string, sizeBytes: number): string {
  return `${beginning}// ${"x".repeat(sizeBytes - beginning.length - 4)}\n`;
}

/**
 * A go.mod that is too large is not compared: the go command has its `.mod` from the repository all the same, though it
 * would take it from no proxy. Authority for the limits: golang.org/x/mod/zip, MaxZipFile, MaxGoMod and MaxLICENSE.
 */
export function sizeScenario(): Scenario {
  const root = "github.com/sizes/m";
  const goMod = `module ${root}\n`;
  const draft = new RepositoryDraft();
  const first = draft.commit({
    "go.mod": text(goMod, 16 * mebibyte),
    LICENSE: text("", 16 * mebibyte),
    "data/0": new Uint8Array(16 * mebibyte),
  });
  draft.tag("v1.0.0");
  draft.commit({ LICENSE: text("", 16 * mebibyte + 1) }, { branch: "license", after: first });
  draft.tag("v1.1.0");
  // The limit counts what is unpacked: these compress to next to nothing.
  const copies = Array.from(
    { length: 31 },
    (_, n) => [`data/${n + 1}`, { copyOf: "data/0" }] as const,
  );
  draft.commit(
    { "go.mod": goMod, ...Object.fromEntries(copies) },
    { branch: "data", after: first },
  );
  draft.tag("v1.2.0");
  return {
    name: "limits of size",
    place: root,
    draft,
    modules: [],
    questions: ["v1.0.0", "v1.1.0", "v1.2.0"].map((version) => `${root}@${version}`),
  };
}
