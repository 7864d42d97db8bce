// The `stoa` command: takes its words apart and calls the command that is meant.
import process from "node:process";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { addAccessCommands } from "./access-commands.ts";
import { addAgentCommands } from "./agent-commands.ts";
import { respelled } from "./command-words.ts";
import type { CrawlWords } from "./commands/crawl-modules.ts";
import type { ConfigurationPlace } from "./config/configuration.ts";
import { addDeliveryCommands } from "./delivery-commands.ts";
import { addHousekeepingCommands } from "./housekeeping-commands.ts";
import { endWhenUnread } from "./standard-streams.ts";
import { programVersion } from "./version.ts";

endWhenUnread();
const words = respelled(process.argv.slice(2));
// What a command needs is loaded when it is called: the keeper of a server carries none of the module proxy's weight.
const settingsHelp = words.some((word) => word === "-h" || word === "--help")
  ? (await import("./config/print-config.ts")).printSettingsHelp()
  : "";

const program = new Command("stoa")
  .description("One program through which a Go team's modules come in and its services go out.")
  .version(programVersion, "-v, --version", "print the version")
  .helpOption("-h, --help", "explain a command")
  .helpCommand(false)
  .showHelpAfterError("(stoa --help lists the commands)")
  .exitOverride();

interface FileOption {
  readonly configFile?: string;
}

const fileOption = [
  "--config-file <path>",
  "the configuration file; without it, athens.toml in this folder if it is there",
] as const;

const compareOption = [
  "--compare",
  "compare every byte of what is there already, instead of its go.mod and the end of its zip",
] as const;

/** What the words of `modules import` and `modules export` come to. */
type MoveWords = FileOption & {
  readonly from?: string;
  readonly to?: string;
  readonly list?: string;
  readonly compare?: boolean;
  readonly json?: boolean;
};

/** What the words of `modules seed` come to. */
interface SeedWords {
  readonly tests?: boolean;
  readonly platform?: string;
  readonly json?: boolean;
}

program
  .command("serve")
  .description("run the Go module proxy and the control plane")
  .option(...fileOption)
  .addHelpText("after", () => `\nEnvironment:\n${settingsHelp}`)
  .action(async (options: FileOption) => {
    const { serve } = await import("./commands/serve.ts");
    await serve(placeOf(options));
  });

const config = program.command("config").description("look at the configuration");
config
  .command("print")
  .description("print every key, its value and where it came from; secrets are masked")
  .option(...fileOption)
  .option("--json", "print JSON")
  .action(async ({ json, ...options }: FileOption & { json?: boolean }) => {
    const { showConfig } = await import("./commands/config.ts");
    showConfig(placeOf(options), json === true);
  });
config
  .command("check")
  .description("say what is wrong with the configuration, all of it; exit 1 if anything is")
  .option(...fileOption)
  .option("--connect", "try whether what the configuration names can be reached and used")
  .action(async ({ connect, ...options }: FileOption & { connect?: boolean }) => {
    if (connect !== true) {
      const { checkConfig } = await import("./commands/config.ts");
      checkConfig(placeOf(options));
      return;
    }
    const { checkConnections } = await import("./commands/check-connections.ts");
    await checkConnections(placeOf(options));
  });

const modules = program.command("modules").description("look at the module proxy");
modules
  .command("queue")
  .description("print which versions wait to be fetched in the background, and which were given up")
  .option(...fileOption)
  .option("--json", "print JSON")
  .option("--limit <jobs>", "print so many at most", parseCount, 100)
  .action(async (options: FileOption & { json?: boolean; limit: number }) => {
    const { showQueue } = await import("./commands/modules.ts");
    await showQueue(placeOf(options), options);
  });
modules
  .command("explain <module>")
  .description(
    "print what the policy decides about MODULE or MODULE@VERSION, and which rules decided it",
  )
  .option(...fileOption)
  .option("--json", "print JSON")
  .action(async (module: string, { json, ...options }: FileOption & { json?: boolean }) => {
    const { explainModule } = await import("./commands/modules.ts");
    explainModule(placeOf(options), module, json === true);
  });
modules
  .command("seed <sources...>")
  .description(
    "fetch what builds will ask for: from a go.mod, go.work, go.sum, list, SBOM, vendor folder or repository URL; exit 1 if anything is missing",
  )
  .option("--tests", "also what only tests of dependencies need: the whole module graph")
  .option(
    "--platform <os-arch>",
    "the platform whose toolchain is fetched where one is named; none for no toolchain",
    parsePlatform,
  )
  .option(...fileOption)
  .option("--json", "print one line of JSON for every version")
  .action(async (sources: string[], options: FileOption & SeedWords) => {
    const { seedModules } = await import("./commands/seed-modules.ts");
    await seedModules(placeOf(options), sources, options);
  });
modules
  .command("bundle")
  .description(
    "write what is kept into one archive, with the checksum database's records and their proofs, for where no network is",
  )
  .requiredOption("--to <file>", "the archive")
  .option("--since <file>", "an earlier bundle: only what came later is written")
  .option("--key <file>", "sign with this minisign secret key, which stoa key make writes")
  .option(...fileOption)
  .action(async (options: FileOption & { to: string; since?: string; key?: string }) => {
    const { bundleModules } = await import("./commands/bundle-modules.ts");
    await bundleModules(placeOf(options), options);
  });
modules
  .command("import [bundle]")
  .description(
    "bring modules in: from another storage, an Athens' disk, a module cache, or a proxy and a list; each is checked as if it were fetched",
  )
  .option(
    "--from <place>",
    "disk:PATH, s3:BUCKET, minio:, gcp:, azureblob:, mongo:, config:FILE, file:///PATH, a folder, or https://PROXY; not with a bundle",
  )
  .option("--trust <key>", "the minisign public key, or its file, that must have signed the bundle")
  .option(
    "--list <file>",
    "which versions to ask a proxy for: MODULE@VERSION, or a go.sum; - reads stdin",
  )
  .option("--to <place>", "where to; without it, the configured storage")
  .option(...fileOption)
  .option(...compareOption)
  .option("--json", "print one line of JSON for every version")
  .action(async (bundle: string | undefined, options: MoveWords & { trust?: string }) => {
    if (bundle !== undefined && options.from === undefined) {
      const { importBundle } = await import("./commands/bundle-modules.ts");
      await importBundle(placeOf(options), bundle, options);
      return;
    }
    if (bundle !== undefined || options.from === undefined) {
      throw new Error("name either a bundle or, with --from, a place");
    }
    const { moveModules } = await import("./commands/move-modules.ts");
    await moveModules(placeOf(options), { ...options, confirm: true });
  });
modules
  .command("export")
  .description(
    "copy what is kept into another place: a storage folder as Athens has it, or a tree for GOPROXY=file://",
  )
  .requiredOption(
    "--to <place>",
    "disk:PATH for Athens' layout, s3:BUCKET and its like, file:///PATH for a proxy's",
  )
  .option("--from <place>", "where from; without it, the configured storage")
  .option(...fileOption)
  .option(...compareOption)
  .option("--json", "print one line of JSON for every version")
  .action(async (options: MoveWords) => {
    const { moveModules } = await import("./commands/move-modules.ts");
    await moveModules(placeOf(options), { ...options, confirm: false });
  });
addHousekeepingCommands(modules, { fileOption, placeOf, parseCount });
modules
  .command("crawl")
  .description(
    "fetch the new versions of the modules that are kept; exit 1 if anything could not be had",
  )
  .option("--modules <patterns>", "only these, in the grammar of GOPRIVATE")
  .option("--used-days <days>", "only modules that were asked for in so many days", parseCount)
  .option("--newer", "only versions above the highest that is kept")
  .option("--recheck", "ask anew about every version that is kept, and say which have changed")
  .option(...fileOption)
  .option("--json", "print one line of JSON for every version")
  .action(async (options: FileOption & CrawlWords) => {
    const { crawlModules } = await import("./commands/crawl-modules.ts");
    await crawlModules(placeOf(options), options);
  });
modules
  .command("reindex")
  .description("make the index of versions tell of just what is kept")
  .option(...fileOption)
  .action(async (options: FileOption) => {
    const { reindexModules } = await import("./commands/reindex-modules.ts");
    await reindexModules(placeOf(options));
  });
modules
  .command("verify")
  .description(
    "compare every kept module with what it was when it was kept, and with the checksum database; exit 1 if any is bad or could not be confirmed",
  )
  .option(...fileOption)
  .option("--full", "unpack every zip, also those whose file is just the one that is remembered")
  .option("--quarantine", "take bad versions out of service; they are fetched anew when asked for")
  .option("--json", "print one line of JSON for every version")
  .action(
    async (options: FileOption & { full?: boolean; quarantine?: boolean; json?: boolean }) => {
      const { full = false, quarantine = false, json = false } = options;
      const { verifyModules } = await import("./commands/verify-modules.ts");
      await verifyModules(placeOf(options), { full, quarantine, json });
    },
  );

modules
  .command("check-access <module>")
  .description(
    "go the way to a module's repository and say step by step what works; exit 1 if it cannot be had",
  )
  .option(...fileOption)
  .option("--json", "print one line of JSON for every step")
  .action(async (module: string, { json, ...options }: FileOption & { json?: boolean }) => {
    const { checkModuleAccess } = await import("./commands/check-access.ts");
    await checkModuleAccess(placeOf(options), module, json === true);
  });

addAgentCommands(program, { environment: process.env, folder: process.cwd() });
addDeliveryCommands(program, { environment: process.env, folder: process.cwd() });
addAccessCommands(program, { environment: process.env, folder: process.cwd() });

helpAfterErrors(program, "stoa");

try {
  await program.parseAsync(words, { from: "user" });
} catch (failure) {
  if (failure instanceof CommanderError) {
    process.exitCode = failure.exitCode;
  } else {
    process.stderr.write(`stoa: ${failure instanceof Error ? failure.message : String(failure)}\n`);
    process.exitCode = 1;
  }
}

/** Whoever gets a command's words wrong is shown the way to that command's help. */
function helpAfterErrors(command: Command, shown: string): void {
  for (const sub of command.commands) {
    const words = `${shown} ${sub.name()}`;
    sub.showHelpAfterError(`(${words} --help explains it)`);
    helpAfterErrors(sub, words);
  }
}

function parseCount(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number above zero.");
}

function parsePlatform(text: string): string {
  if (/^(none|[0-9a-z]+-[0-9a-z]+)$/.test(text)) return text;
  throw new InvalidArgumentError("It must be as in linux-arm64, or none.");
}

function placeOf({ configFile }: FileOption): ConfigurationPlace {
  return { environment: process.env, file: configFile, folder: process.cwd() };
}
