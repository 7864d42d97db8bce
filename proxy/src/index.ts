// The door of the module proxy.
export {
  type ModuleProxy,
  type ModuleProxySettings,
  openModuleProxy,
} from "./module-proxy.ts";
