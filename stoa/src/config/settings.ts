// Every key that Stoa reads, in the order in which it is shown. The only truth about them.
import { deliverySettings } from "./sections/delivery-settings.ts";
import { directSettings } from "./sections/direct-settings.ts";
import { freshnessSettings } from "./sections/freshness-settings.ts";
import { housekeepingSettings } from "./sections/housekeeping-settings.ts";
import { indexSettings } from "./sections/index-settings.ts";
import { observationSettings } from "./sections/observation-settings.ts";
import { policySettings } from "./sections/policy-settings.ts";
import { serverSettings } from "./sections/server-settings.ts";
import { singleFlightSettings } from "./sections/single-flight-settings.ts";
import { stateSettings } from "./sections/state-settings.ts";
import { storageSettings } from "./sections/storage-settings.ts";
import { upstreamSettings } from "./sections/upstream-settings.ts";
import type { Setting } from "./setting.ts";

/** All keys. Those that Athens has carry its names; the others begin with STOA_ in the environment. */
export const settings = {
  ...serverSettings,
  ...storageSettings,
  ...stateSettings,
  ...upstreamSettings,
  ...directSettings,
  ...policySettings,
  ...freshnessSettings,
  ...housekeepingSettings,
  ...observationSettings,
  ...indexSettings,
  ...singleFlightSettings,
  ...deliverySettings,
} as const;

/** The same in groups, for people. */
export const settingSections: readonly {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
}[] = [
  { title: "The server", settings: serverSettings },
  { title: "Where modules are kept", settings: storageSettings },
  { title: "What is remembered beside them", settings: stateSettings },
  { title: "Where modules come from", settings: upstreamSettings },
  { title: "Straight from repositories", settings: directSettings },
  { title: "What may be had", settings: policySettings },
  { title: "Staying up to date", settings: freshnessSettings },
  { title: "Keeping the store in bounds", settings: housekeepingSettings },
  { title: "What can be seen", settings: observationSettings },
  { title: "The index", settings: indexSettings },
  { title: "Several instances", settings: singleFlightSettings },
  { title: "Deploying services", settings: deliverySettings },
];

/** The keys by which the program knows its settings. */
export type SettingKey = keyof typeof settings;

/** The value of every key. */
export type SettingValues = {
  readonly [Key in SettingKey]: ReturnType<(typeof settings)[Key]["parse"]>;
};
