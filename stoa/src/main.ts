// The `stoa` command: takes its words apart and calls the command that is meant.
import process from "node:process";
import { Command, CommanderError } from "commander";
import { checkConfig, showConfig } from "./commands/config.ts";
import { printSettingsHelp } from "./config/print-config.ts";
import { programVersion } from "./version.ts";

const program = new Command("stoa")
  .description("One program through which a Go team's modules come in and its services go out.")
  .version(programVersion, "-v, --version", "print the version")
  .helpOption("-h, --help", "explain a command")
  .helpCommand(false)
  .showHelpAfterError("(stoa --help lists the commands)")
  .exitOverride();

program
  .command("serve")
  .description("run the Go module proxy")
  .addHelpText("after", () => `\nEnvironment:\n${printSettingsHelp()}`)
  .action(async () => {
    const { serve } = await import("./commands/serve.ts");
    await serve(process.env);
  });

const config = program.command("config").description("look at the configuration");
config
  .command("print")
  .description("print every key, its value and where it came from; secrets are masked")
  .option("--json", "print JSON")
  .action(({ json }: { json?: boolean }) => showConfig(process.env, json === true));
config
  .command("check")
  .description("say what is wrong with the configuration, all of it; exit 1 if anything is")
  .action(() => checkConfig(process.env));

const modules = program.command("modules").description("look after what the module proxy keeps");
modules
  .command("verify")
  .description(
    "compare every kept module with what it was when it was kept, and with the checksum database; exit 1 if any is bad or could not be confirmed",
  )
  .option("--quarantine", "take bad versions out of service; they are fetched anew when asked for")
  .option("--json", "print one line of JSON for every version")
  .action(async ({ quarantine, json }: { quarantine?: boolean; json?: boolean }) => {
    const { verifyModules } = await import("./commands/verify-modules.ts");
    await verifyModules(process.env, { quarantine: quarantine === true, json: json === true });
  });

try {
  await program.parseAsync();
} catch (failure) {
  if (failure instanceof CommanderError) {
    process.exitCode = failure.exitCode;
  } else {
    process.stderr.write(`stoa: ${failure instanceof Error ? failure.message : String(failure)}\n`);
    process.exitCode = 1;
  }
}
