// The words of Go modules: paths, versions and the documents that a module proxy speaks in.

export { type HashedFile, hashFiles, hashGoMod } from "./directory-hash.ts";
export { escapePath, escapeVersion, unescapePath, unescapeVersion } from "./escaped-path.ts";
export { checkFilePath } from "./file-name-rules.ts";
export { foldKey } from "./fold.ts";
export {
  type GoMod,
  modulePathOf,
  parseGoMod,
  type Retraction,
  retractionsOf,
} from "./go-mod.ts";
export { type Replacement, type Requirements, requirementsIn } from "./go-mod-requirements.ts";
export { InvalidText } from "./invalid-text.ts";
export {
  type MainModules,
  type ModuleGraph,
  replacementFor,
  walkModuleGraph,
} from "./module-graph.ts";
export {
  checkImportPath,
  isModulePath,
  type ModulePath,
  parseModulePath,
  type SplitPath,
  splitPathVersion,
} from "./module-path.ts";
export {
  checkModulePatterns,
  type ModuleMatcher,
  matchesModulePatterns,
  modulePatterns,
  pathMatch,
} from "./module-patterns.ts";
export {
  checkModuleVersion,
  checkPathMajor,
  type ModuleVersion,
  matchesPathMajor,
  pathMajorPrefix,
  sortModuleVersions,
} from "./module-version.ts";
export { type OnFailure, type ProxyListEntry, parseProxyList } from "./proxy-list.ts";
export { redactUrl } from "./proxy-url.ts";
export {
  isPseudoVersion,
  isZeroPseudoVersion,
  makePseudoVersion,
  pseudoVersionBase,
  pseudoVersionRev,
  pseudoVersionTime,
  zeroPseudoVersion,
} from "./pseudo-version.ts";
export {
  buildOf,
  canonicalSemver,
  compareVersions,
  isSemver,
  majorMinorOf,
  majorOf,
  prereleaseOf,
  sortVersions,
} from "./semver.ts";
export {
  canonicalVersion,
  isIncompatible,
  isPrerelease,
  isVersion,
  parseVersion,
  type Version,
} from "./version.ts";
export {
  formatVersionInfo,
  parseVersionInfo,
  type VersionInfo,
  type VersionOrigin,
} from "./version-info.ts";
export { type Comparison, parseVersionQuery, type VersionQuery } from "./version-query.ts";
