// The door of the module proxy.

export type { Finding } from "./application/verify-store.ts";
export { type Explanation, explain, explanationText } from "./domain/policy/explanation.ts";
export { PolicyProblems } from "./domain/policy/policy-problems.ts";
export { StorageTrouble, type StorageTroubleKind } from "./domain/storage-trouble.ts";
export {
  type ModuleProxy,
  type ModuleProxySettings,
  openModuleProxy,
} from "./module-proxy.ts";
export { openPolicy, type PolicySettings, policyFiles } from "./open-policy.ts";
export { type OpenStorage, openStorage, type StorageSettings } from "./open-storage.ts";
export { readQueue } from "./read-queue.ts";
export { type OpenStoreVerification, openStoreVerification } from "./store-verification.ts";
