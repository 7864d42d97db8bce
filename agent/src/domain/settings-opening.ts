// What starting processes and scripts needs of whoever can read sealed settings.

/** Opens the settings of an environment that this machine is of. */
export interface SettingsOpening {
  /** The variables of a service with every sealed value opened. Fails with `cannot_start` if one cannot be. */
  open(
    service: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>>;
}

/** Where keys of settings come from that this machine does not have yet. */
export interface SettingsKeySource {
  /** The lines of all keys of the machine's environment. Fails with `source_unavailable`. */
  keys(): Promise<readonly string[]>;
}
