// The words of `stoa modules remove | restore | trash | retain | keep`.
import { type Command, InvalidArgumentError } from "commander";
import type { RetainWords } from "./commands/retain-modules.ts";
import type { ConfigurationPlace } from "./config/configuration.ts";
import { type Overridable, overridable } from "./config/sections/housekeeping-settings.ts";

/** What the other commands of `modules` have as well. */
export interface SharedWords {
  readonly fileOption: readonly [flags: string, meaning: string];
  readonly placeOf: (options: FileOption) => ConfigurationPlace;
  readonly parseCount: (text: string) => number;
}

interface FileOption {
  readonly configFile?: string;
}

interface RemoveWords extends FileOption {
  readonly yes?: boolean;
  readonly forGood?: boolean;
  readonly json?: boolean;
}

/** Adds the commands that remove versions, and those that see to it that they stay or come back. */
export function addHousekeepingCommands(modules: Command, shared: SharedWords): void {
  const { fileOption, placeOf, parseCount } = shared;
  modules
    .command("remove <modules...>")
    .description("remove MODULE@VERSION, or all versions of MODULE; says first what it would do")
    .option("--yes", "do it")
    .option("--for-good", "without the trash: it cannot be restored")
    .option(...fileOption)
    .option("--json", "print one line of JSON for every version")
    .action(async (named: string[], options: RemoveWords) => {
      const { yes = false, forGood = false, json = false } = options;
      const { removeModules } = await import("./commands/remove-modules.ts");
      await removeModules(placeOf(options), named, { yes, forGood, json });
    });
  modules
    .command("restore <modules...>")
    .description("bring MODULE@VERSION, or all versions of MODULE, back from the trash")
    .option(...fileOption)
    .action(async (named: string[], options: FileOption) => {
      const { restoreModules } = await import("./commands/trash-modules.ts");
      await restoreModules(placeOf(options), named);
    });
  modules
    .command("trash")
    .description("print what was removed and can be restored")
    .option("--empty", "let go of all of it for good")
    .option(...fileOption)
    .option("--json", "print one line of JSON for every version")
    .action(async (options: FileOption & { empty?: boolean; json?: boolean }) => {
      const { showTrash } = await import("./commands/trash-modules.ts");
      await showTrash(placeOf(options), options);
    });
  modules
    .command("retain")
    .description(
      "remove what is too old, unused or too much, but nothing that is protected or cannot be fetched again; says first what it would do",
    )
    .option("--age-days <days>", "what is kept for longer may go", parseCount)
    .option("--unused-days <days>", "what nobody has asked for in so many days may go", parseCount)
    .option("--size <mebibytes>", "the longest unused may go until all zips take less", parseCount)
    .option("--protect <patterns>", "these stay, in the grammar of GOPRIVATE")
    .option(
      "--even <words>",
      `also what otherwise stays: ${overridable.join(", ")}, separated by commas`,
      parseEven,
    )
    .option("--yes", "do it")
    .option(...fileOption)
    .option("--json", "print one line of JSON for every version")
    .action(async (options: FileOption & RetainWords) => {
      const { retainModules } = await import("./commands/retain-modules.ts");
      await retainModules(placeOf(options), options);
    });
  addKeepCommands(modules, shared);
}

function addKeepCommands(modules: Command, { fileOption, placeOf }: SharedWords): void {
  const keep = modules
    .command("keep")
    .description("register go.sum files whose versions are never removed by themselves");
  keep
    .command("add <files...>")
    .description("register a go.sum, or a list of MODULE@VERSION, in place of the one of its name")
    .option("--name <name>", "what it is called; without it, the path of the file")
    .option(...fileOption)
    .action(async (files: string[], options: FileOption & { name?: string }) => {
      const { addKeepLists } = await import("./commands/keep-modules.ts");
      await addKeepLists(placeOf(options), files, options.name);
    });
  keep
    .command("list")
    .description("print what is registered")
    .option(...fileOption)
    .option("--json", "print one line of JSON for each")
    .action(async (options: FileOption & { json?: boolean }) => {
      const { showKeepLists } = await import("./commands/keep-modules.ts");
      await showKeepLists(placeOf(options), options.json === true);
    });
  keep
    .command("remove <names...>")
    .description("register it no more")
    .option(...fileOption)
    .action(async (names: string[], options: FileOption) => {
      const { removeKeepLists } = await import("./commands/keep-modules.ts");
      await removeKeepLists(placeOf(options), names);
    });
}

function parseEven(text: string): readonly Overridable[] {
  return text.split(",").map((word) => {
    const known = overridable.find((one) => one === word.trim());
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`It must be one or more of ${overridable.join(", ")}.`);
  });
}
