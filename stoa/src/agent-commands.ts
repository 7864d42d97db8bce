// The words of stoa agent and stoa keeper.
import { type Command, Option } from "commander";
import { wholeNumber } from "./command-numbers.ts";
import type { AgentOptions } from "./commands/agent.ts";
import type { CommandPlace } from "./commands/deploy.ts";
import type { LocalOptions } from "./commands/local.ts";
import { repeated } from "./repeated-option.ts";
import { loadSmall } from "./small-process.ts";

const usualRoot = "/var/lib/stoa-agent";

type ServerPlace = CommandPlace & { readonly environment: NodeJS.ProcessEnv };

/** Adds the commands that run on servers. */
export function addAgentCommands(program: Command, place: ServerPlace): void {
  addAgent(program, place);
  addKeeper(program, place);
  addLocal(program, place);
}

function addAgent(program: Command, { environment }: ServerPlace): void {
  program
    .command("agent")
    .description("keep this machine running what it should run")
    .option("--root <folder>", "where releases, logs and state lie", usualRoot)
    .option("--server <url>", "the control plane to join, such as https://stoa.example")
    .option("--join <token>", "a join token; or STOA_JOIN_TOKEN, which other users cannot see")
    .option(
      "--from <place>",
      "read documents from a folder or bucket (s3://bucket/tree) instead of a control plane",
    )
    .option("--environment <name>", "with --from: the environment that this machine is of")
    .addOption(repeated("--key <key>", "with --from: a public key whose signatures count"))
    .option("--threshold <number>", "with --from: so many keys must have signed", wholeNumber, 1)
    .addOption(
      repeated(
        "--policy-key <key>",
        "a public key that must have signed the policy; nothing new runs before there is one",
      ),
    )
    .option("--name <name>", "what this machine is called; its host name unless said otherwise")
    .addOption(repeated("--tag <key=value>", "a tag of this machine"))
    .addOption(
      new Option(
        "--supervisor <who>",
        "who runs the processes; systemd where it is in charge, unless said otherwise",
      ).choices(["systemd", "keeper"]),
    )
    .action(async (options: AgentOptions) => {
      const { runAgent } = await loadSmall(environment, () => import("./commands/agent.ts"));
      await runAgent(options, environment);
    });
}

function addKeeper(program: Command, { environment }: ServerPlace): void {
  program
    .command("keeper")
    .description("own the sockets and processes of this machine's services (stoa agent starts it)")
    .option("--root <folder>", "where it keeps its state", usualRoot)
    .action(async (options: { readonly root: string }) => {
      const { runKeeper } = await loadSmall(environment, () => import("./commands/keeper.ts"));
      await runKeeper(options);
    });
}

function addLocal(program: Command, place: ServerPlace): void {
  program
    .command("local")
    .description("run the lifecycle of a bundle on this machine, as codedeploy-local does")
    .requiredOption("-l, --bundle-location <path>", "the bundle: a folder, .zip, .tar or .tar.gz")
    .option(
      "-b, --file-exists-behavior <behavior>",
      "about files that others put there: DISALLOW, OVERWRITE or RETAIN",
      "DISALLOW",
    )
    .option(
      "-g, --deployment-group <id>",
      "what was installed is remembered by it",
      "default-local",
    )
    .option("-d, --deployment-group-name <name>", "DEPLOYMENT_GROUP_NAME", "LocalFleet")
    .option("-a, --application-name <name>", "APPLICATION_NAME", "LocalApplication")
    .option("-e, --events <events>", "only these, separated by commas")
    .option("-A, --appspec-filename <name>", "the appspec; appspec.yml unless said otherwise")
    .option("--root <folder>", "where it is remembered what was installed; ~/.stoa/local")
    .option("--target-root <folder>", "install below this folder instead of /", "/")
    .option("--strict", "keep to CodeDeploy, its traps included")
    .option("--json", "print JSON")
    .action(async (options: LocalOptions) => {
      const { local } = await import("./commands/local.ts");
      await local(place, options);
    });
}
