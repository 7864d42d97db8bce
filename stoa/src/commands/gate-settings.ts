// The configuration in the words of whom the module proxy lets in, and where other programs keep their modules.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { SettingValues } from "../config/settings.ts";

/** Whom the proxy answers. */
export function gateRules(values: SettingValues): ModuleProxySettings["gate"] {
  const { basicAuthUser: user, basicAuthPass: password } = values;
  return {
    forceSsl: values.forceSsl,
    adminToken: values.adminToken || undefined,
    account: user === "" ? undefined : { user, password },
  };
}

/** Where a running Athens may keep its modules, and as whom. */
export function externalPlace(values: SettingValues): ModuleProxySettings["external"] {
  const { externalStoragePath: path, externalStorageUser: user } = values;
  return path === "" ? undefined : { path, user, token: values.externalStorageToken };
}
