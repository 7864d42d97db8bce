// The door of the module proxy.

export {
  type HostToken,
  type TokenKind,
  tokenFiles,
} from "./adapters/host-credentials/host-tokens.ts";
export type { CrawlEvent, CrawlSummary } from "./application/crawl-run.ts";
export type { MoveResult } from "./application/move-versions.ts";
export type { RemovalCandidate } from "./application/remove-versions.ts";
export type { RetentionFinding, RetentionSummary } from "./application/retain-versions.ts";
export type { SeedOrder, SeedResult } from "./application/seed-versions.ts";
export type { Finding } from "./application/verify-store.ts";
export { checkAccess } from "./check-access.ts";
export { parseImportList } from "./domain/listed-source.ts";
export { type Explanation, explain, explanationText } from "./domain/policy/explanation.ts";
export { PolicyProblems } from "./domain/policy/policy-problems.ts";
export { parseVcsRules } from "./domain/repository/vcs-rules.ts";
export { StorageTrouble, type StorageTroubleKind } from "./domain/storage-trouble.ts";
export { type ModuleProxy, openModuleProxy } from "./module-proxy.ts";
export type { ModuleProxySettings } from "./module-proxy-settings.ts";
export type { DirectSettings, RepositoryCredentials } from "./open-direct-upstream.ts";
export { openPolicy, type PolicySettings, policyFiles } from "./open-policy.ts";
export { type OpenStorage, openStorage, type StorageSettings } from "./open-storage.ts";
export { readQueue } from "./read-queue.ts";
export {
  type OpenKeepLists,
  type OpenTrash,
  openKeepLists,
  openTrash,
  openVersionRemoval,
  rebuildStorageIndex,
} from "./store-care.ts";
export { type OpenStoreVerification, openStoreVerification } from "./store-verification.ts";
export { type EngineFinding, tryEngines } from "./try-engines.ts";
export { openBundle, writeBundle } from "./version-bundle.ts";
export { type MoveOrder, type OpenVersionMove, openVersionMove } from "./version-move.ts";
