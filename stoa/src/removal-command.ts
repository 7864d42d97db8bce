// The command that takes a service away: its words and options.
import type { Command } from "commander";
import { seconds } from "./command-numbers.ts";
import type { CommandPlace } from "./commands/deploy.ts";
import type { RemoveServiceOptions } from "./commands/remove.ts";

/** Adds the command to the program. */
export function addRemoval(program: Command, place: CommandPlace): void {
  program
    .command("remove <service>")
    .description("take a service away from an environment: machines stop it, its settings go")
    .option("-e, --environment <name>", "the environment", "production")
    .option("--yes", "do it; else it is only said what would be removed")
    .option("--patience <seconds>", "how long to wait for machines to stop it", seconds, 120)
    .option("--reason <text>", "why, for those who look at the history")
    .option("--json", "print JSON")
    .action(async (service: string, options: RemoveServiceOptions) =>
      (await import("./commands/remove.ts")).removeService(place, service, options),
    );
}
