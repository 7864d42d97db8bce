// The words of access: tokens, the audit log, policies, approvals.
import { type Command, InvalidArgumentError, Option } from "commander";
import { amount } from "./command-numbers.ts";
import type { VerifyOptions } from "./commands/audit.ts";
import type { CommandPlace } from "./commands/deploy.ts";
import type { PolicyOptions } from "./commands/policy.ts";
import { repeated } from "./repeated-option.ts";

const environmentOption = ["-e, --environment <name>", "the environment", "production"] as const;
const jsonOption = ["--json", "print JSON"] as const;
const reasonOption = ["--reason <text>", "why, for those who look at the audit log"] as const;

/** Adds the commands that say who may do what, and who has done it. */
export function addAccessCommands(program: Command, place: CommandPlace): void {
  addTokens(program, place);
  addAudit(program, place);
  addPolicy(program, place);
  addApprove(program, place);
}

function addTokens(program: Command, place: CommandPlace): void {
  const token = program.command("token").description("tokens of people, programs and machines");
  token
    .command("join")
    .description("make a token with which machines join")
    .option(...environmentOption)
    .option("--tags <tags>", "tags that the machines get, such as 'role=web zone=a'")
    .option("--hours <hours>", "how long it can be used", amount, 1)
    .option(...jsonOption)
    .action(
      async (options: { environment: string; tags?: string; hours: number; json?: boolean }) =>
        (await import("./commands/tokens.ts")).makeJoinToken(place, options),
    );
  token
    .command("create <name>")
    .description("make a token for a person or a program")
    .addOption(
      new Option("--role <role>", "what it may")
        .choices(["read", "deploy", "admin"])
        .makeOptionMandatory(),
    )
    .option("--days <days>", "how long it can be used; else until it is revoked", amount)
    .option(...jsonOption)
    .action(async (name: string, options: { role: string; days?: number; json?: boolean }) =>
      (await import("./commands/tokens.ts")).makeToken(place, name, options),
    );
  token
    .command("list")
    .description("print all tokens, without what makes them work")
    .option(...jsonOption)
    .action(async (options: { json?: boolean }) =>
      (await import("./commands/tokens.ts")).listTokens(place, options.json === true),
    );
  token
    .command("revoke <id>")
    .description("make a token worthless")
    .action(async (id: string) => (await import("./commands/tokens.ts")).revokeToken(place, id));
}

function addAudit(program: Command, place: CommandPlace): void {
  const audit = program
    .command("audit")
    .description("print who asked for what")
    .option(...jsonOption)
    .action(async (options: { json?: boolean }) =>
      (await import("./commands/audit.ts")).showAudit(place, options.json === true),
    );
  audit
    .command("verify")
    .description(
      "say whether every entry is signed and bound to the one before it, and none is cut off; exit 1 if not",
    )
    .option("--key <key>", "the public key that must have signed; else the one the server names")
    .option(
      "--head <number:hash>",
      "what an earlier verification printed, which must still be there",
    )
    .action(async (options: VerifyOptions) =>
      (await import("./commands/audit.ts")).verifyAudit(place, options),
    );
}

function addPolicy(program: Command, place: CommandPlace): void {
  const policy = program
    .command("policy")
    .description("who may deploy what to an environment, and when nobody may");
  policy
    .command("show", { isDefault: true })
    .description("print what holds")
    .option(...environmentOption)
    .option(...jsonOption)
    .action(async (options: PolicyOptions) =>
      (await import("./commands/policy.ts")).showPolicy(place, options),
    );
  addChanges(policy, place);
}

function addChanges(policy: Command, place: CommandPlace): void {
  const changing = (words: string, description: string): Command =>
    policy
      .command(words)
      .description(description)
      .option(...environmentOption)
      .option(...reasonOption)
      .addOption(repeated("--key <file>", "a secret key of an administrator"))
      .option("--save <file>", "write the document instead, for other administrators to sign")
      .option(...jsonOption);
  changing("set <file>", "set the rules and administrators that a TOML file names").action(
    async (file: string, options: PolicyOptions) =>
      (await import("./commands/policy.ts")).setPolicy(place, file, options),
  );
  changing("freeze", "let nothing new be deployed; what ran before may be gone back to")
    .option("--until <time>", "when it ends by itself, such as 2026-12-27T08:00:00Z", moment)
    .addOption(repeated("--service <name>", "only this service"))
    .action(async (options: PolicyOptions & { until?: string; service: readonly string[] }) =>
      (await import("./commands/policy.ts")).change(
        place,
        {
          kind: "freeze",
          services: options.service,
          ...(options.until === undefined ? {} : { until: options.until }),
        },
        options,
      ),
    );
  changing("thaw", "end a freeze").action(async (options: PolicyOptions) =>
    (await import("./commands/policy.ts")).change(place, { kind: "thaw" }, options),
  );
  changing("override <service> <revision>", "let one revision pass during a freeze").action(
    async (service: string, revision: string, options: PolicyOptions) =>
      (await import("./commands/policy.ts")).change(
        place,
        { kind: "override", service, revision },
        options,
      ),
  );
  changing("renew", "let the policy hold for as long again").action(
    async (options: PolicyOptions) =>
      (await import("./commands/policy.ts")).change(place, { kind: "renew" }, options),
  );
  changing("publish <file>", "sign a saved policy, and put it in force").action(
    async (file: string, options: PolicyOptions) =>
      (await import("./commands/policy.ts")).publish(place, file, options),
  );
}

function addApprove(program: Command, place: CommandPlace): void {
  program
    .command("approve <service> [revision]")
    .description("sign that a revision, or what runs now, may run in an environment")
    .option(...environmentOption)
    .addOption(repeated("--key <file>", "the secret key that signs"))
    .option(...reasonOption)
    .option(...jsonOption)
    .action(async (service: string, revision: string | undefined, options: PolicyOptions) =>
      (await import("./commands/policy.ts")).approve(place, service, revision, options),
    );
}

function moment(text: string): string {
  const ms = Date.parse(text);
  if (Number.isFinite(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError("it should be a moment, such as 2026-12-27T08:00:00Z");
}
