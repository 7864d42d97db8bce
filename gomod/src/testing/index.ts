// The doors of what tests of modules need.
export { type ForgedArchive, type ForgedEntry, forgeZip, zip64Extra } from "./forged-zip.ts";
export { fixturesFrom, type ModuleFixture, moduleFixture } from "./module-fixture.ts";
export { MutatedTexts, type TextMaterial } from "./mutated-texts.ts";
export { MutatedZips } from "./mutated-zips.ts";
export { RandomNumbers } from "./random-numbers.ts";
export {
  noteTexts,
  recordTexts,
  tilePathTexts,
  treeHeadTexts,
  verifierKeyTexts,
} from "./sumdb-corpora.ts";
export { parseTextArchive, type TextArchive } from "./text-archive.ts";
export {
  goModTexts,
  infoTexts,
  pathTexts,
  patternTexts,
  proxyTexts,
  versionTexts,
} from "./text-corpora.ts";
export { type CorpusZip, corpusModule, zipCorpus } from "./zip-corpus.ts";
