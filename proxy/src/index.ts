// The door of the module proxy.
export type { Finding } from "./application/verify-store.ts";
export {
  type ModuleProxy,
  type ModuleProxySettings,
  openModuleProxy,
} from "./module-proxy.ts";
export { type OpenStoreVerification, openStoreVerification } from "./store-verification.ts";
