// Settings: variables that an environment adds to a service. They are set, sealed, and never shown again.
import {
  openSetting,
  type Settings,
  type SettingsKey,
  sealingKeyOf,
  sealSetting,
} from "@stoa/deployment";
import { ControlFailure } from "../domain/control-failure.ts";
import { checkedName } from "../domain/names.ts";
import type { SettingsKeys } from "../domain/settings-keys.ts";
import type { SignedTree } from "./sign-documents.ts";

interface SettingsRecord {
  readonly format: 1;
  /** Sealed values by name. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Values by the names of variables, and names. */
export interface SettingsChange {
  readonly set: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
}

/** The settings of all services. Only sealed values are written anywhere. */
export class ServiceSettings {
  readonly #documents: SignedTree;
  readonly #keys: SettingsKeys;

  constructor(documents: SignedTree, keys: SettingsKeys) {
    this.#documents = documents;
    this.#keys = keys;
  }

  /** As agents are told, sealed; without any if nothing was ever set. */
  async read(environment: string, service: string): Promise<Settings> {
    const path = settingsPath(environment, service);
    const record = await this.#documents.readRecord<SettingsRecord>(path, "settings");
    return { environment: record?.environment ?? {} };
  }

  /**
   * Sets some variables and takes others away; gives the names of all there are then. `agreed` is called when nothing speaks
   * against it and nothing has changed yet.
   */
  async change(
    environment: string,
    service: string,
    { set, unset }: SettingsChange,
    agreed: () => Promise<void> = async () => undefined,
  ): Promise<readonly string[]> {
    for (const [name, value] of Object.entries(set)) checkVariable(name, value);
    const { environment: present } = await this.read(environment, service);
    const absent = unset.find((name) => !Object.hasOwn(present, name));
    if (absent !== undefined) {
      throw new ControlFailure(
        "not_found",
        `${service} has no setting ${absent} in ${environment}`,
      );
    }
    const sealed = await this.#sealed({ environment, service }, set, present);
    const kept = Object.entries({ ...present, ...sealed }).filter(
      ([name]) => !unset.includes(name),
    );
    const record: SettingsRecord = { format: 1, environment: Object.fromEntries(kept) };
    await agreed();
    await this.#documents.writeRecord(settingsPath(environment, service), "settings", record);
    return namesOf(record);
  }

  /**
   * From now on everything of the environment is sealed with a new key, which machines that are no more of it do not get.
   * Gives the names of the services whose settings were sealed anew; they go out with their next rollouts.
   */
  async renewKey(environment: string): Promise<readonly string[]> {
    const keys = await this.#keys.of(environment);
    const key = await this.#keys.renew(environment);
    const services: string[] = [];
    for (const path of await this.#documents.list(folderOf(environment))) {
      const service = /([^/]+)\.json$/.exec(path)?.[1] ?? "";
      const { environment: present } = await this.read(environment, service);
      const plain = openAll({ environment, service }, present, keys);
      const record: SettingsRecord = {
        format: 1,
        environment: sealAll({ environment, service }, plain, key),
      };
      await this.#documents.writeRecord(path, "settings", record);
      services.push(service);
    }
    return services;
  }

  /** A value that is set again as it is keeps its sealed text: nothing has changed then. */
  async #sealed(
    of: Owner,
    set: Readonly<Record<string, string>>,
    present: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const keys = await this.#keys.of(of.environment);
    const [key] = keys;
    const again = Object.fromEntries(
      Object.entries(present).filter(
        ([name, text]) =>
          Object.hasOwn(set, name) &&
          sealingKeyOf(text) === key.id &&
          openSetting(text, { ...of, name }, keys) === set[name],
      ),
    );
    return { ...sealAll(of, set, key), ...again };
  }
}

/** The names of variables, in order. */
export function namesOf({ environment }: Settings): readonly string[] {
  return Object.keys(environment).toSorted((one, other) => (one < other ? -1 : 1));
}

interface Owner {
  readonly environment: string;
  readonly service: string;
}

function sealAll(
  of: Owner,
  plain: Readonly<Record<string, string>>,
  key: SettingsKey,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name, sealSetting(value, { ...of, name }, key)]),
  );
}

function openAll(
  of: Owner,
  sealed: Readonly<Record<string, string>>,
  keys: readonly SettingsKey[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(sealed).map(([name, text]) => [name, openSetting(text, { ...of, name }, keys)]),
  );
}

function checkVariable(name: string, value: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new ControlFailure(
      "bad_request",
      `${JSON.stringify(name)} is no name of a variable: it should be of letters, digits and _, such as DATABASE_URL`,
    );
  }
  if (value.includes("\0"))
    throw new ControlFailure("bad_request", `the value of ${name} holds a NUL`);
}

function folderOf(environment: string): string {
  return `private/settings/${checkedName(environment, "an environment")}`;
}

/** Where the settings of a service are kept. */
export function settingsPath(environment: string, service: string): string {
  return `${folderOf(environment)}/${checkedName(service, "a service")}.json`;
}
