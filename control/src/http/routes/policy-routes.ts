// Routes of policies: what holds in an environment, changing it, approving revisions.
import { type Settings, settingsDigest } from "@stoa/deployment";
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { Approvals } from "../../application/give-approvals.ts";
import type { KeptPolicy, Policies } from "../../application/keep-policies.ts";
import type { Revisions } from "../../application/keep-revisions.ts";
import { namesOf, type ServiceSettings } from "../../application/keep-settings.ts";
import { unreadyServices } from "../../application/obey-policies.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { Clock } from "../../domain/clock.ts";
import { ControlFailure } from "../../domain/control-failure.ts";
import { type Call, nameOf, param, type Route, route } from "../route.ts";
import {
  approvedSchema,
  approversSchema,
  policyDraftSchema,
  policySchema,
  policyWishSchema,
  signedApprovalSchema,
  signedSchema,
} from "../schemas/policy-schemas.ts";

interface PolicyRouteParts {
  readonly policies: Policies;
  readonly approvals: Approvals;
  readonly environments: Environments;
  readonly revisions: Revisions;
  readonly settings: ServiceSettings;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

const noSettings: Settings = { environment: {} };

/** The routes of policies. */
export function policyRoutes(parts: PolicyRouteParts): readonly Route[] {
  return [...policyItself(parts), ...approvalRoutes(parts)];
}

function policyItself(parts: PolicyRouteParts): readonly Route[] {
  const { policies } = parts;
  const path = "/environments/:environment/policy";
  return [
    route({
      method: "GET",
      path,
      summary: "The policy that holds, and what runs against it; serial 0 where there is none.",
      admission: "read",
      answer: policySchema,
      handle: async (call) => {
        const environment = param(call, "environment");
        return await shown(parts, environment, await policies.current(environment));
      },
    }),
    route({
      method: "POST",
      path: `${path}/drafts`,
      summary: "The next policy as it would be, for its administrators to sign.",
      admission: "admin",
      body: policyWishSchema,
      answer: policyDraftSchema,
      handle: async (call) => ({ envelope: await draft(parts, call, call.body) }),
    }),
    route({
      method: "POST",
      path,
      summary: "Changes the policy, where the server's own signature is enough.",
      admission: "admin",
      body: policyWishSchema,
      answer: policySchema,
      handle: async (call) => {
        const environment = param(call, "environment");
        const { change, reason } = call.body;
        const envelope = await draft(parts, call, call.body);
        const said = { by: nameOf(call), reason, action: `policy.${change.kind}` };
        return await shown(parts, environment, await policies.publish(environment, envelope, said));
      },
    }),
    route({
      method: "PUT",
      path,
      summary: "Puts a policy in force that its administrators have signed.",
      admission: "admin",
      body: signedSchema,
      answer: policySchema,
      handle: async (call) => {
        const environment = param(call, "environment");
        const { envelope, reason } = call.body;
        const said = { by: nameOf(call), reason, action: "policy.publish" };
        return await shown(parts, environment, await policies.publish(environment, envelope, said));
      },
    }),
  ];
}

function approvalRoutes({
  approvals,
  environments,
  revisions,
  settings: kept,
  audit,
}: PolicyRouteParts): readonly Route[] {
  const path = "/environments/:environment/services/:service/approvals/:revision";
  const approvedOf = async (call: Call) => {
    const [environment, service] = [param(call, "environment"), param(call, "service")];
    const { id } = await revisions.get(service, param(call, "revision"));
    return { environment, service, revision: id };
  };
  const settingsOf = async (environment: string, service: string, running: boolean) => {
    if (!running) return await kept.read(environment, service);
    return (await environments.read(environment))?.services[service]?.settings ?? noSettings;
  };
  return [
    route({
      method: "GET",
      path,
      summary:
        "Who has approved a revision for an environment, with the settings that it would get now, or with those that run.",
      admission: "read",
      query: z.object({ running: z.enum(["true", "false"]).default("false") }),
      answer: approvedSchema,
      handle: async (call) => {
        const approved = await approvedOf(call);
        const { environment, service } = approved;
        const found = await settingsOf(environment, service, call.query.running === "true");
        const settings = settingsDigest(found);
        const approvers = await approvals.of({ ...approved, settings });
        const named = settings === undefined ? {} : { settings };
        return { ...approvers, ...named, names: [...namesOf(found)] };
      },
    }),
    route({
      method: "PUT",
      path,
      summary:
        "Approves a revision for an environment, by signatures of keys that its policy names.",
      admission: "deploy",
      body: signedApprovalSchema,
      answer: approversSchema,
      handle: async (call) => {
        const { envelope, reason, settings } = call.body;
        const approved = { ...(await approvedOf(call)), settings };
        const { environment, service, revision } = approved;
        await approvals.check(approved, envelope);
        await audit.record(nameOf(call), "revision.approve", `${environment}/${service}`, {
          revision,
          ...(settings === undefined ? {} : { settings }),
          reason,
        });
        return await approvals.add(approved, envelope);
      },
    }),
  ];
}

async function draft(
  { policies, revisions }: PolicyRouteParts,
  call: Call,
  { serial, change, reason }: z.output<typeof policyWishSchema>,
): Promise<string> {
  const environment = param(call, "environment");
  if (reason === "" && (change.kind === "freeze" || change.kind === "override")) {
    throw new ControlFailure("bad_request", "this needs a reason: add --reason TEXT");
  }
  const wish = { environment, serial, reason, by: nameOf(call) };
  if (change.kind !== "override") return await policies.draft({ ...wish, change });
  const { id } = await revisions.get(change.service, change.revision);
  return await policies.draft({ ...wish, change: { ...change, revision: id } });
}

async function shown(
  parts: PolicyRouteParts,
  environment: string,
  kept: KeptPolicy | undefined,
): Promise<z.input<typeof policySchema>> {
  if (kept === undefined) return { serial: 0, signers: [], unready: [] };
  return {
    serial: kept.policy.serial,
    signers: [...kept.signers],
    policy: { ...kept.policy },
    envelope: kept.text,
    unready: [...(await unreadyServices(parts, environment))],
  };
}
