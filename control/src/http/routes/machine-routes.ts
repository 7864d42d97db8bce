// Routes of machines as people see them.
import { z } from "zod";
import { type Environments, unknownEnvironment } from "../../application/change-environments.ts";
import type { MachineJoins } from "../../application/join-machines.ts";
import type { KnownMachine, Machines } from "../../application/know-machines.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { RolloutRunner } from "../../application/run-rollouts.ts";
import { membersOf } from "../../application/start-rollout.ts";
import { isoTime } from "../../domain/clock.ts";
import { checkedName } from "../../domain/names.ts";
import { param, type Route, route } from "../route.ts";
import { machineSchema, storeMachineSchema, whySchema } from "../schemas/machine-schemas.ts";
import { parsedSelector } from "../selector.ts";

interface MachineParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly joins: MachineJoins;
  readonly runner: RolloutRunner;
  readonly audit: AuditLog;
}

/** The routes of machines. */
export function machineRoutes(parts: MachineParts): readonly Route[] {
  return [...showingRoutes(parts), ...changingRoutes(parts)];
}

function showingRoutes({ machines }: MachineParts): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/environments/:environment/target",
      summary: "For which machines a build would be: the group that these tags choose.",
      admission: "read",
      query: z.object({ tags: z.string().default("") }),
      answer: z.object({
        machines: z.array(z.object({ machine: z.string(), os: z.string(), arch: z.string() })),
      }),
      handle: async (call) => ({
        machines: membersOf(
          machines,
          checkedName(param(call, "environment"), "an environment"),
          parsedSelector(call.query.tags),
        ).map(({ record: { machine, os, arch } }) => ({ machine, os, arch })),
      }),
    }),
    route({
      method: "GET",
      path: "/machines",
      summary: "All machines.",
      admission: "read",
      query: z.object({ environment: z.string().optional() }),
      answer: z.object({ machines: z.array(machineSchema) }),
      handle: async ({ query }) => ({ machines: machines.list(query.environment).map(shown) }),
    }),
    route({
      method: "GET",
      path: "/machines/:machine/why",
      summary: "What a machine runs, and its last decisions, each a sentence.",
      admission: "read",
      answer: whySchema,
      handle: async (call) => {
        const known = machines.get(param(call, "machine"));
        return { ...shown(known), decisions: known.status?.decisions ?? [] };
      },
    }),
  ];
}

function changingRoutes(parts: MachineParts): readonly Route[] {
  const { environments, machines, joins, runner, audit } = parts;
  return [
    route({
      method: "POST",
      path: "/machines",
      summary: "Takes in a machine that reads the store of documents itself, by its public key.",
      admission: "admin",
      body: storeMachineSchema,
      answer: machineSchema,
      handle: async (call) => {
        const { machine, environment } = call.body;
        if ((await environments.read(environment)) === undefined)
          throw unknownEnvironment(environment);
        await audit.record(call.principal?.name ?? "", "machine.add", environment, { machine });
        await joins.register(call.body);
        return shown(machines.get(machine));
      },
    }),
    route({
      method: "DELETE",
      path: "/machines/:machine",
      summary: "Forgets a machine and revokes its token; what runs on it keeps running.",
      admission: "admin",
      handle: async (call) => {
        const machine = param(call, "machine");
        const { environment } = machines.get(machine).record;
        await audit.record(call.principal?.name ?? "", "machine.remove", environment, { machine });
        await joins.remove(machine);
        await runner.leave(machine);
      },
    }),
  ];
}

/** A machine as the API shows it. */
function shown({
  record,
  status,
  heardAt,
  reachable,
}: KnownMachine): z.input<typeof machineSchema> {
  const { machine, environment, tags, os, arch, joinedAt, via } = record;
  return {
    machine,
    environment,
    tags,
    os,
    arch,
    joinedAt,
    reachable,
    ...(via === undefined ? {} : { via }),
    ...(heardAt === 0 ? {} : { heardAt: isoTime(heardAt) }),
    ...(status === undefined
      ? {}
      : { agentVersion: status.agentVersion, seenSerial: status.seenSerial }),
    services: { ...status?.services } as z.input<typeof machineSchema>["services"],
  };
}
