// Settings: variables that an environment adds to a service. They are set, and never shown again.
import type { Settings } from "@stoa/deployment";
import { ControlFailure } from "../domain/control-failure.ts";
import { checkedName } from "../domain/names.ts";
import type { SignedTree } from "./sign-documents.ts";

interface SettingsRecord {
  readonly format: 1;
  readonly environment: Readonly<Record<string, string>>;
}

/** The settings of all services. */
export class ServiceSettings {
  readonly #documents: SignedTree;

  constructor(documents: SignedTree) {
    this.#documents = documents;
  }

  /** As agents are told; without any if nothing was ever set. */
  async read(environment: string, service: string): Promise<Settings> {
    const path = pathOf(environment, service);
    const record = await this.#documents.readRecord<SettingsRecord>(path, "settings");
    return { environment: record?.environment ?? {} };
  }

  /** Sets some variables and takes others away; gives the names of all there are then. */
  async change(
    environment: string,
    service: string,
    set: Readonly<Record<string, string>>,
    unset: readonly string[],
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
    const kept = Object.entries({ ...present, ...set }).filter(([name]) => !unset.includes(name));
    const record: SettingsRecord = { format: 1, environment: Object.fromEntries(kept) };
    await this.#documents.writeRecord(pathOf(environment, service), "settings", record);
    return namesOf(record);
  }
}

/** The names of variables, in order. */
export function namesOf({ environment }: Settings): readonly string[] {
  return Object.keys(environment).toSorted((one, other) => (one < other ? -1 : 1));
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

function pathOf(environment: string, service: string): string {
  return `private/settings/${checkedName(environment, "an environment")}/${checkedName(service, "a service")}.json`;
}
