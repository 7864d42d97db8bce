// The door of the module proxy.

export { PolicyProblems } from "./domain/policy/policy-problems.ts";
export {
  type ModuleProxy,
  type ModuleProxySettings,
  openModuleProxy,
} from "./module-proxy.ts";
export { openPolicy, type PolicySettings } from "./open-policy.ts";
