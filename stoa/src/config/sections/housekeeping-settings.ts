// The keys about keeping the store in bounds: retention, the trash, the disk.
import {
  listSetting,
  numberSetting,
  parsedSetting,
  RefusedValue,
  switchSetting,
  textsOf,
} from "../setting.ts";

/** What can be removed only if it is asked for by name. */
export const overridable = ["registered", "private", "vanished"] as const;
export type Overridable = (typeof overridable)[number];

export const housekeepingSettings = {
  retainEverySeconds: numberSetting({
    name: "RetainEvery",
    environment: ["STOA_RETAIN_EVERY"],
    default: 0,
    unit: "seconds",
    meaning:
      "How long after one retention, which removes what the rules below say may go, the next begins. 0 for never. One instance of a fleet does it.",
  }),
  retainAgeDays: numberSetting({
    name: "RetainAgeDays",
    environment: ["STOA_RETAIN_AGE_DAYS"],
    default: 0,
    unit: "days",
    meaning: "Versions that are kept for longer may go. 0 for no such rule.",
  }),
  retainUnusedDays: numberSetting({
    name: "RetainUnusedDays",
    environment: ["STOA_RETAIN_UNUSED_DAYS"],
    default: 0,
    unit: "days",
    meaning: "Versions that nobody has asked for in so many days may go. 0 for no such rule.",
  }),
  retainMebibytes: numberSetting({
    name: "RetainSize",
    environment: ["STOA_RETAIN_SIZE"],
    default: 0,
    unit: "mebibytes",
    meaning:
      "If all zips together are larger, versions may go until they are not, the longest unused first. 0 for no such rule.",
  }),
  retainProtect: listSetting({
    name: "RetainProtect",
    environment: ["STOA_RETAIN_PROTECT"],
    default: [],
    meaning:
      "Patterns, as in GOPRIVATE, of modules that are never removed by themselves: neither by retention nor when the disk is full.",
  }),
  retainEven: parsedSetting<readonly Overridable[]>({
    name: "RetainEven",
    environment: ["STOA_RETAIN_EVEN"],
    default: [],
    kind: `list of ${overridable.join(" | ")}`,
    meaning:
      "What retention removes as well, which it otherwise never does: versions of registered go.sum files, private modules, and what cannot be fetched again.",
    parse: (text) => text.split(",").flatMap((word) => parseOverridable(word)),
    fromFile: (value) =>
      textsOf(value, 'a list of words, such as ["private"]').flatMap(parseOverridable),
    print: (value) => value.join(","),
  }),
  trashDays: numberSetting({
    name: "TrashDays",
    environment: ["STOA_TRASH_DAYS"],
    default: 7,
    unit: "days",
    meaning:
      "How long what was removed can be restored, where the storage can (a disk, a bucket). 0: removed is gone.",
  }),
  diskQuotaMebibytes: numberSetting({
    name: "DiskQuota",
    environment: ["STOA_DISK_QUOTA"],
    default: 0,
    unit: "mebibytes",
    meaning:
      "How much room a disk storage may take. 0: all that its file system has. At 90 % a warning is written, at 95 % room is made.",
  }),
  diskEvict: switchSetting({
    name: "DiskEvict",
    environment: ["STOA_DISK_EVICT"],
    default: true,
    meaning:
      "Whether room is made on a disk that is 95 % full, by removing zips of public versions that can be fetched again, the longest unused first.",
  }),
} as const;

function parseOverridable(text: string): readonly Overridable[] {
  const word = text.trim().toLowerCase();
  if (word === "") return [];
  const known = overridable.find((one) => one === word);
  if (known !== undefined) return [known];
  throw new RefusedValue(`${JSON.stringify(text)} is none of ${overridable.join(", ")}`);
}
