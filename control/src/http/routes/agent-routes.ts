// Routes that agents call: joining, the tree that they read, what they report.
import { settingsKeyLine } from "@stoa/deployment";
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { Logs } from "../../application/collect-logs.ts";
import type { Machines } from "../../application/know-machines.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { BlobShelf } from "../../domain/blob-shelf.ts";
import { ControlFailure } from "../../domain/control-failure.ts";
import type { DocumentTree } from "../../domain/document-tree.ts";
import type { LogLine } from "../../domain/log-archive.ts";
import type { SettingsKeys } from "../../domain/settings-keys.ts";
import { checkedPath, isServed } from "../../domain/tree-paths.ts";
import { limitedText } from "../api.ts";
import { eventStream } from "../event-stream.ts";
import { type Call, param, type Route, route } from "../route.ts";
import {
  challengeRequestSchema,
  challengeSchema,
  joinedSchema,
  joinSchema,
  logLineSchema,
  settingsKeysSchema,
} from "../schemas.ts";

interface AgentParts {
  readonly tree: DocumentTree;
  readonly blobs: BlobShelf;
  readonly machines: Machines;
  readonly environments: Environments;
  readonly logs: Logs;
  readonly audit: AuditLog;
  readonly settingsKeys: SettingsKeys;
  readonly rootKey: string;
  readonly pollMs: number;
  /** From where a request came. */
  readonly hostOf: (request: Request) => string | undefined;
}

const statusLimitBytes = 1 << 20;
const logLimitBytes = 4 << 20;

/** The routes that agents call. */
export function agentRoutes(parts: AgentParts): readonly Route[] {
  return [...readRoutes(parts), ...reportRoutes(parts)];
}

function readRoutes(parts: AgentParts): readonly Route[] {
  const { machines, environments, audit, rootKey, pollMs } = parts;
  return [
    route({
      method: "POST",
      path: "/join/challenge",
      summary: "What a machine with a join token has to sign so that it may join.",
      admission: "anybody",
      body: challengeRequestSchema,
      answer: challengeSchema,
      handle: async ({ body }) => await machines.challenge(body.token),
    }),
    route({
      method: "POST",
      path: "/join",
      summary:
        "A machine joins with a join token and a proof that it holds its key, and is given a token of its own.",
      admission: "anybody",
      body: joinSchema,
      answer: joinedSchema,
      handle: async ({ body, request }) => {
        const { record, token } = await machines.join(body, parts.hostOf(request), async (one) => {
          const { machine, environment, os, arch } = one;
          await environments.ensure(environment);
          await audit.record(machine, "machine.join", environment, { machine, os, arch });
        });
        const { environment, tags } = record;
        const settingsKeys = await keyLines(parts, environment);
        return { machineToken: token, rootKey, environment, tags, pollMs, settingsKeys };
      },
    }),
    route({
      method: "GET",
      path: "/settings-keys",
      summary: "The keys of the settings of the machine's environment.",
      admission: "machine",
      answer: settingsKeysSchema,
      handle: async ({ principal }) => ({
        settingsKeys:
          principal?.kind === "machine" ? await keyLines(parts, principal.environment) : [],
      }),
    }),
    route({
      method: "GET",
      path: "/tree/*",
      summary: "A document or content of the tree, with ETag and If-None-Match.",
      admission: "machine",
      answer: "application/octet-stream",
      handle: (call) => answerTree(parts, call),
    }),
    route({
      method: "GET",
      path: "/wake",
      summary:
        "Events named `changed`, with the new serial, whenever the environment's index changes.",
      admission: "machine",
      query: z.object({ environment: z.string() }),
      answer: "text/event-stream",
      handle: async ({ principal, query, signal: end }) => {
        checkReach(`environments/${query.environment}/`, principal);
        return eventStream({ signal: end }, async function* (signal) {
          for await (const { environment, serial } of environments.news.follow(signal)) {
            if (environment === query.environment) yield { event: "changed", data: { serial } };
          }
        });
      },
    }),
  ];
}

async function keyLines(
  { settingsKeys }: Pick<AgentParts, "settingsKeys">,
  environment: string,
): Promise<string[]> {
  return (await settingsKeys.of(environment)).map(settingsKeyLine);
}

function reportRoutes({ machines, logs, hostOf }: AgentParts): readonly Route[] {
  return [
    route({
      method: "PUT",
      path: "/machines/:machine/status",
      summary: "A machine says how it is: an envelope that it has signed.",
      admission: "machine",
      body: "application/octet-stream",
      handle: async (call) => {
        const envelope = await limitedText(call.request, statusLimitBytes);
        await machines.report(ownName(call), envelope, hostOf(call.request));
      },
    }),
    route({
      method: "POST",
      path: "/machines/:machine/logs",
      summary: "Lines that services on the machine have written, as JSON, one per line.",
      admission: "machine",
      body: "application/x-ndjson",
      handle: async (call) => {
        const machine = ownName(call);
        const lines = parsedLines(machine, await limitedText(call.request, logLimitBytes));
        const { environment } = machines.get(machine).record;
        await logs.take({ environment, machine }, lines);
      },
    }),
  ];
}

function ownName(call: Call): string {
  const machine = param(call, "machine");
  if (call.principal?.name === machine) return machine;
  throw new ControlFailure(
    "forbidden",
    `this token is of ${call.principal?.name}, not of ${machine}`,
  );
}

async function answerTree(
  { tree, blobs }: Pick<AgentParts, "tree" | "blobs">,
  { principal, rest, request }: Call,
): Promise<Response> {
  const path = checkedPath(rest);
  checkReach(path, principal);
  const sha256 = /^blobs\/sha256\/(.+)$/.exec(path)?.[1];
  if (sha256 !== undefined) return await answerBlob(blobs, sha256, request);
  const stored = await tree.read(path);
  if (stored === undefined) throw absent(path);
  const headers = { ETag: `"${stored.etag}"`, "Cache-Control": "no-cache" };
  if (isSame(request, stored.etag)) return new Response(null, { status: 304, headers });
  return new Response(stored.text, { headers: { ...headers, "Content-Type": "application/json" } });
}

async function answerBlob(blobs: BlobShelf, sha256: string, request: Request): Promise<Response> {
  const headers = { ETag: `"${sha256}"`, "Cache-Control": "public, max-age=31536000, immutable" };
  const blob = await blobs.open(sha256);
  if (blob === undefined) throw absent(`blobs/sha256/${sha256}`);
  if (isSame(request, sha256)) {
    await blob.body.cancel();
    return new Response(null, { status: 304, headers });
  }
  return new Response(blob.body, {
    headers: {
      ...headers,
      "Content-Type": "application/octet-stream",
      "Content-Length": String(blob.size),
    },
  });
}

/** A machine reads contents, revisions and its own environment: there are other machines' secrets in the others. */
function checkReach(path: string, principal: Call["principal"]): void {
  if (!isServed(path)) throw absent(path);
  if (principal?.kind !== "machine") return;
  const own = [`environments/${principal.environment}/`, "blobs/", "revisions/"];
  if (own.some((start) => path.startsWith(start))) return;
  throw new ControlFailure("forbidden", `${path} is not for ${principal.name}`);
}

function absent(path: string): ControlFailure {
  return new ControlFailure("not_found", `there is no ${path} in the tree`);
}

function isSame(request: Request, etag: string): boolean {
  const tags = request.headers.get("if-none-match") ?? "";
  return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === `"${etag}"`);
}

function parsedLines(machine: string, text: string): ReadonlyMap<string, readonly LogLine[]> {
  const lines = text.split("\n").filter((line) => line !== "");
  const parsed = lines.map((line, at) => {
    const result = logLineSchema.safeParse(safeJson(line));
    if (result.success) return result.data;
    throw new ControlFailure(
      "bad_request",
      `line ${at + 1} of the log is none: ${result.error.issues[0]?.message}`,
    );
  });
  const byService = Map.groupBy(parsed, ({ service }) => service);
  return new Map(
    [...byService].map(([service, found]) => [
      service,
      found.map(({ service: _, ...line }) => ({ machine, ...line })),
    ]),
  );
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
