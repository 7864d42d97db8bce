// What the control plane needs of the place where the keys of settings are kept, apart from the documents.
import type { SettingsKey } from "@stoa/deployment";

/** The keys with which values of settings are sealed, by environment. They are never removed: old indexes need them. */
export interface SettingsKeys {
  /** The newest first. A first one is made for an environment that has none. */
  of(environment: string): Promise<readonly [SettingsKey, ...SettingsKey[]]>;
  /** Adds a key, with which everything is sealed from then on. Durable when it has resolved. */
  renew(environment: string): Promise<SettingsKey>;
}
