// The commands of delivery: their words, their options, and which file does what they say.
import type { Command } from "commander";
import { seconds, wholeNumber } from "./command-numbers.ts";
import type { CommandPlace, DeployOptions } from "./commands/deploy.ts";
import type { LogsOptions } from "./commands/logs.ts";
import type { AddOptions } from "./commands/machines.ts";
import type { ShowOptions } from "./commands/overview.ts";
import type { PackageOptions } from "./commands/package.ts";
import type { PromoteOptions } from "./commands/promote.ts";
import type { SettingsOptions } from "./commands/settings.ts";
import type { RollbackOptions, SteerOptions } from "./commands/steer.ts";
import { addRemoval } from "./removal-command.ts";
import { repeated } from "./repeated-option.ts";

const environmentOption = ["-e, --environment <name>", "the environment"] as const;
const productionOption = [...environmentOption, "production"] as const;
const jsonOption = ["--json", "print JSON"] as const;
const reasonOption = ["--reason <text>", "why, for those who look at the history"] as const;

/** Adds the commands to the program. */
export function addDeliveryCommands(program: Command, place: CommandPlace): void {
  addAccess(program, place);
  addDeploy(program, place);
  addPackage(program, place);
  addPromote(program, place);
  addInspection(program, place);
  addOverview(program, place);
  addMachines(program, place);
  addSteering(program, place);
  addRemoval(program, place);
  addSettings(program, place);
}

function addAccess(program: Command, place: CommandPlace): void {
  program
    .command("login <server>")
    .description("keep which server the commands speak to, and the token for it")
    .option("--token-file <path>", "a file with the token; else STOA_TOKEN, else standard input")
    .action(async (server: string, options: { tokenFile?: string }) => {
      const { login } = await import("./commands/login.ts");
      await login(place, server, options);
    });
  const key = program
    .command("key")
    .description("print the public key with which the server signs documents, in minisign's form")
    .option(...jsonOption)
    .action(async (options: { json?: boolean }) =>
      (await import("./commands/keys.ts")).showKey(place, options.json === true),
    );
  key
    .command("make <file>")
    .description("write a new secret key, as minisign -G -W does, and print its public key")
    .action(async (file: string) => (await import("./commands/keys.ts")).makeKey(place, file));
}

function addDeploy(program: Command, place: CommandPlace): void {
  const deploy = program
    .command("deploy [file]")
    .description(
      "build the Go program of this folder and roll it out, or a program, zip, tar, tar.gz, deb or folder made elsewhere, also s3://BUCKET/OBJECT; prints its URL",
    )
    .option("--service <name>", "what the service is called; else as the program")
    .option("-e, --environment <name>", "where to; else stoa.toml's, else production")
    .option("--tags <query>", "on which machines, such as role=web; else all of the environment")
    .option("--main <package>", "which program, where there are several, such as ./cmd/shop")
    .option("--label <version>", "the version, such as 1.214; else what git describe says")
    .option(
      "--strategy <name>",
      "how: one-at-a-time (the usual one), all-at-once, half, 25%, minimum-healthy:6, canary:1:half",
    )
    .option("--patience <seconds>", "how long a machine may take", seconds)
    .option("--follow", "stay, and deploy again whenever something else lies in the file's place")
    .option("--every <seconds>", "with --follow: how often to look", seconds, 2);
  withRolloutOptions(deploy).action(async (file: string | undefined, options: DeployOptions) =>
    (await import("./commands/deploy.ts")).deploy(place, file, options),
  );
}

/** What can be asked of every rollout of something new. */
function withRolloutOptions(command: Command): Command {
  return command
    .option(...reasonOption)
    .option("--bake <seconds>", "how long a wave must hold before the next", seconds)
    .option("--no-rollback", "leave machines that have moved where they are if one fails")
    .addOption(
      repeated("--key <file>", "a secret key that approves it, where the policy asks for that"),
    )
    .option(
      "--override <reason>",
      "let it pass although the environment is frozen (administrators)",
    )
    .addOption(repeated("--admin-key <file>", "with --override: an administrator's secret key"))
    .option("--detach", "print the rollout's id and do not wait for its end")
    .option(...jsonOption);
}

function addPackage(program: Command, place: CommandPlace): void {
  program
    .command("package [file]")
    .description(
      "write a .deb of the Go program of this folder, of a program, or of a folder or archive laid out as the machine; prints its name",
    )
    .option("-o, --output <file>", "the file to write; else NAME_VERSION_ARCH.deb")
    .option("--service <name>", "what the package is called; else as the program")
    .option("--label <version>", "the version, such as 1.214; else what git describe says")
    .option("--main <package>", "which program, where there are several, such as ./cmd/shop")
    .option("--arch <name>", "for which machines, by Go's name; else for those like this one")
    .option("--maintainer <name>", "who answers for it: 'Ann <ann@example.com>'")
    .option("--description <text>", "one line about it")
    .action(async (file: string | undefined, options: PackageOptions) => {
      const { makePackage } = await import("./commands/package.ts");
      await makePackage(place, file, options);
    });
}

function addPromote(program: Command, place: CommandPlace): void {
  const promote = program
    .command("promote <service>")
    .description("bring what one environment runs to another, the same bytes; prints its URL")
    .requiredOption("--from <environment>", "the environment that runs it well")
    .requiredOption("--to <environment>", "where to")
    .option("--tags <query>", "on which machines; else as before, or as where it comes from")
    .option("--strategy <name>", "how, as with stoa deploy");
  withRolloutOptions(promote).action(async (service: string, options: PromoteOptions) =>
    (await import("./commands/promote.ts")).promote(place, service, options),
  );
}

function addInspection(program: Command, place: CommandPlace): void {
  program
    .command("lint [bundle]")
    .description(
      "say what is wrong with stoa.toml, or with the appspec.yml of a bundle; exit 1 if anything is",
    )
    .option(...jsonOption)
    .action(async (bundle: string | undefined, options: { json?: boolean }) =>
      (await import("./commands/lint.ts")).lint(place, bundle, options.json === true),
    );
  program
    .command("diff <from> <to>")
    .description("print what differs between two revisions or environments of a service")
    .requiredOption("--service <name>", "the service")
    .option(...jsonOption)
    .action(async (from: string, to: string, options: { service: string; json?: boolean }) =>
      (await import("./commands/diff.ts")).diff(place, from, to, options),
    );
}

function addOverview(program: Command, place: CommandPlace): void {
  const show = (words: string, description: string): Command =>
    program
      .command(words)
      .description(description)
      .option(...environmentOption)
      .option(...jsonOption);
  show("list", "print every service: where, which version, how many instances, how it is").action(
    async (options: ShowOptions) => (await import("./commands/overview.ts")).list(place, options),
  );
  show("status [service]", "print a service machine by machine; exit 1 if it is not well").action(
    async (service: string | undefined, options: ShowOptions) =>
      (await import("./commands/overview.ts")).status(place, service, options),
  );
  show("history [service]", "print the rollouts, the newest first").action(
    async (service: string | undefined, options: ShowOptions) =>
      (await import("./commands/overview.ts")).history(place, service, options),
  );
  program
    .command("watch <rollout>")
    .description("show a rollout until it has ended, as stoa deploy does; exit 1 if it fails")
    .option(...jsonOption)
    .action(async (rollout: string, options: ShowOptions) =>
      (await import("./commands/steer.ts")).watch(place, rollout, options),
    );
  program
    .command("why <machine>")
    .description("print why a machine runs what it runs: its last decisions")
    .option(...jsonOption)
    .action(async (machine: string, options: ShowOptions) =>
      (await import("./commands/overview.ts")).why(place, machine, options),
    );
  program
    .command("logs <service>")
    .description("print the lines of a service, also of one that is gone")
    .option(...productionOption)
    .option("--machine <name>", "of one machine only")
    .option("-f, --follow", "go on with new lines")
    .option("--since <time>", "from then on: 10m, or 2026-01-31T12:00:00Z")
    .option("-n, --lines <number>", "so many at most, the last ones", wholeNumber, 1_000)
    .option("--json", "print one line of JSON for every line")
    .action(async (service: string, options: LogsOptions) =>
      (await import("./commands/logs.ts")).logs(place, service, options),
    );
}

function addMachines(program: Command, place: CommandPlace): void {
  const machines = program.command("machines").description("the machines of all environments");
  machines
    .command("list", { isDefault: true })
    .description("print all machines, and when they were last heard of")
    .option(...environmentOption)
    .option(...jsonOption)
    .action(async (options: ShowOptions) =>
      (await import("./commands/overview.ts")).machines(place, options),
    );
  machines
    .command("add <name>")
    .description("look for what a machine writes into the store that reads its documents there")
    .requiredOption("--key <key>", "its public key, which stoa agent --from prints")
    .option(...productionOption)
    .option("--tags <tags>", "the tags that it has, such as 'role=web zone=a'")
    .option("--arch <name>", "its architecture, by Go's name", "amd64")
    .option(...jsonOption)
    .action(async (name: string, options: AddOptions) =>
      (await import("./commands/machines.ts")).addMachine(place, name, options),
    );
  machines
    .command("remove <name>")
    .description("forget a machine; what runs on it runs on")
    .action(async (name: string) =>
      (await import("./commands/machines.ts")).removeMachine(place, name),
    );
}

function addSteering(program: Command, place: CommandPlace): void {
  program
    .command("rollback <service>")
    .description("go back to what ran before")
    .option(...productionOption)
    .option("--to <revision>", "to this revision; else to the one before")
    .option("--strategy <name>", "how, as with stoa deploy; else as what is undone was brought")
    .option(...reasonOption)
    .option(...jsonOption)
    .action(async (service: string, options: RollbackOptions) =>
      (await import("./commands/steer.ts")).rollback(place, service, options),
    );
  const words = {
    pause: "open no further wave of a rollout",
    resume: "go on with a paused rollout",
    cancel: "give a rollout up; machines that were touched go back",
    abandon: "end a rollout with every machine as it is",
  } as const;
  for (const word of ["pause", "resume", "cancel", "abandon"] as const) {
    program
      .command(`${word} <service-or-rollout>`)
      .description(words[word])
      .option(...environmentOption)
      .option(...reasonOption)
      .option(...jsonOption)
      .action(async (name: string, options: SteerOptions) =>
        (await import("./commands/steer.ts")).steer(place, word, name, options),
      );
  }
}

function addSettings(program: Command, place: CommandPlace): void {
  const env = program
    .command("env")
    .description("variables that an environment gives to a service, sealed for its machines");
  const about = (words: string, description: string): Command =>
    env
      .command(words)
      .description(description)
      .requiredOption("--service <name>", "the service")
      .option(...productionOption)
      .option(...jsonOption);
  about("set <KEY=value...>", "set variables; their values are never shown again").action(
    async (words: string[], options: SettingsOptions) =>
      (await import("./commands/settings.ts")).setVariables(place, words, options),
  );
  about("unset <KEY...>", "take variables away").action(
    async (words: string[], options: SettingsOptions) =>
      (await import("./commands/settings.ts")).unsetVariables(place, words, options),
  );
  about("list", "print the names of the variables").action(async (options: SettingsOptions) =>
    (await import("./commands/settings.ts")).listVariables(place, options),
  );
  env
    .command("key")
    .description("print the secret keys of an environment, for machines that join without a server")
    .option(...productionOption)
    .option(...jsonOption)
    .action(async (options: { environment: string; json?: boolean }) =>
      (await import("./commands/settings.ts")).showKeys(place, options),
    );
  env
    .command("rotate")
    .description("seal all variables of an environment with a new key")
    .option(...productionOption)
    .option(...jsonOption)
    .action(async (options: { environment: string; json?: boolean }) =>
      (await import("./commands/settings.ts")).rotateKey(place, options),
    );
}
