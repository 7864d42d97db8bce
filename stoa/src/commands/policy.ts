// stoa policy [set | freeze | thaw | override | renew | publish], stoa approve
import { resolve } from "node:path";
import { type Policy, parsePublicKey, type Revision, revisionId, shortId } from "@stoa/deployment";
import { giveApproval } from "../delivery/approval.ts";
import { ControlClient } from "../delivery/control-client.ts";
import { readKeyFile } from "../delivery/key-file.ts";
import { readLogin } from "../delivery/login.ts";
import {
  changePolicy,
  publishPolicy,
  readPolicy,
  type ShownPolicy,
  type Signing,
} from "../delivery/policy-change.ts";
import { readPolicyFile } from "../delivery/policy-file.ts";
import { give, giveJson, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What every command about a policy takes. */
export interface PolicyOptions extends Signing {
  readonly environment: string;
  readonly json?: boolean | undefined;
}

/** Prints who may deploy what to an environment, and whether it is frozen. */
export async function showPolicy(
  place: CommandPlace,
  { environment, json }: Pick<PolicyOptions, "environment" | "json">,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  show(await readPolicy(client, environment), { environment, json });
}

/** Changes the policy, or saves the changed one for other administrators to sign. */
export async function change(
  place: CommandPlace,
  wanted: object,
  options: PolicyOptions,
): Promise<void> {
  const { environment } = options;
  const { folder } = place;
  const client = new ControlClient(await readLogin(place.environment));
  const shown = await changePolicy({ client, folder, environment }, wanted, options);
  if (shown !== undefined) show(shown, options);
  else {
    say(
      `${options.save} is to be signed by administrators and put in force: stoa policy publish ${options.save} -e ${environment} --key FILE`,
    );
  }
}

/** Sets the rules and administrators that a file names. */
export async function setPolicy(
  place: CommandPlace,
  file: string,
  options: PolicyOptions,
): Promise<void> {
  const said = readPolicyFile(resolve(place.folder, file));
  await change(place, { kind: "set", ...said }, options);
}

/** Puts a saved policy in force. */
export async function publish(
  place: CommandPlace,
  file: string,
  options: PolicyOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const { environment } = options;
  const shown = await publishPolicy({ client, folder: place.folder, environment }, file, options);
  if (shown !== undefined) show(shown, options);
}

/** Approves a revision, or what the service runs now, with keys of one's own. */
export async function approve(
  place: CommandPlace,
  service: string,
  named: string | undefined,
  { environment, key, reason = "", json }: PolicyOptions,
): Promise<void> {
  if (key.length === 0) {
    throw new Error(
      "an approval is a signature: name the key with --key FILE (stoa key make FILE)",
    );
  }
  const client = new ControlClient(await readLogin(place.environment));
  const start = named ?? (await runningRevision(client, environment, service));
  const { id, revision } = await client.get<{ id: string; revision: Revision }>(
    `/services/${encodeURIComponent(service)}/revisions/${encodeURIComponent(start)}`,
  );
  if (revisionId(revision) !== id || revision.service !== service) {
    throw new Error(`the server gave another revision than ${start}; nothing was signed`);
  }
  const keys = await Promise.all(key.map((file) => readKeyFile(place.folder, file)));
  const approved = { environment, service, revision: id };
  const { approvers, wanted, names } = await giveApproval(
    client,
    { ...approved, isRunning: named === undefined },
    keys,
    reason,
  );
  if (json === true) giveJson({ ...approved, approvers, wanted, settings: names });
  else {
    const adding = names.length === 0 ? "" : ` with the settings ${names.join(", ")}`;
    say(
      `${service} ${revision.version} (${shortId(id)})${adding} has ${approvers.length} of ${wanted} approvals for ${environment}`,
    );
  }
}

async function runningRevision(
  client: ControlClient,
  environment: string,
  service: string,
): Promise<string> {
  const { services } = await client.get<{
    services: readonly { service: string; environment: string; revision: string }[];
  }>("/services");
  const found = services.find((one) => one.service === service && one.environment === environment);
  if (found !== undefined) return found.revision;
  throw new Error(`${service} does not run in ${environment}: say which revision is approved`);
}

function show(
  { serial, signers, policy, unready }: ShownPolicy,
  { environment, json }: Pick<PolicyOptions, "environment" | "json">,
): void {
  if (json === true) {
    giveJson({ environment, serial, signers, policy: policy ?? null, unready });
    return;
  }
  if (policy === undefined) {
    give(`${environment} has no policy: whoever has the role deploy may deploy everything there`);
    return;
  }
  for (const line of linesOf(policy, signers)) give(line);
  for (const sentence of unready) say(`! ${sentence}`);
}

function linesOf(policy: Policy, signers: readonly string[]): readonly string[] {
  const { environment, serial, issuedAt, notAfter, administrators, quorum, rules } = policy;
  return [
    `${environment}: policy ${serial}, signed by ${signers.join(", ")} at ${issuedAt}, holds until ${notAfter}`,
    `administrators: ${quorum} of ${idsOf(administrators)}`,
    ...freezeLines(policy),
    ...(rules.length === 0 ? ["rules: none; whoever has the role deploy may deploy"] : []),
    ...rules.map(({ services, people, keys, approvals }) => {
      const who = people.length === 0 ? "whoever has the role deploy" : people.join(", ");
      const what = services.length === 0 ? "every other service" : services.join(", ");
      const signed = approvals === 0 ? "" : `; ${approvals} of ${idsOf(keys)} must approve`;
      return `${what}: ${who}${signed}`;
    }),
  ];
}

function freezeLines({ freeze }: Policy): readonly string[] {
  if (freeze === undefined) return [];
  const { since, until, services, reason, overrides } = freeze;
  const what = services.length === 0 ? "everything" : services.join(", ");
  const end = until === undefined ? "" : ` until ${until}`;
  return [
    `frozen since ${since}${end}, ${what}: ${reason}`,
    ...overrides.map(
      (one) =>
        `  ${one.service} ${shortId(one.revision)} passes all the same, by ${one.by} at ${one.at}: ${one.reason}`,
    ),
  ];
}

function idsOf(lines: readonly string[]): string {
  return lines.map((line) => parsePublicKey(line).id).join(", ");
}
