// The API as one function from a request to an answer: routes, who is let in, what input is accepted.

import { Hono } from "hono";
import type { z } from "zod";
import type { Tokens } from "../application/keep-tokens.ts";
import { isAdmitted, type Principal } from "../domain/access.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { failureAnswer } from "./failure-answer.ts";
import { firstProblem } from "./first-problem.ts";
import type { Route } from "./route.ts";

/** Below which path everything lies. */
export const apiPrefix = "/api/v1";

/** What the API is made of. */
export interface ApiParts {
  readonly routes: readonly Route[];
  readonly tokens: Tokens;
  /** Aborts when the control plane ends: answers that go on end then. */
  readonly end: AbortSignal;
  /** Is told what failed without being a `ControlFailure`. */
  readonly onFailure: (failure: unknown) => void;
}

/** No document is longer. */
const jsonLimitBytes = 8 << 20;

/** Makes the API. */
export function makeApi(parts: ApiParts): (request: Request) => Promise<Response> {
  const hono = new Hono({ strict: true });
  for (const route of parts.routes) {
    hono.on(route.method, `${apiPrefix}${route.path}`, async (context) => {
      const { raw: request } = context.req;
      const principal = await admitted(request, route, parts);
      const params = context.req.param();
      const rest = restOf(context.req.path, route.path);
      const query = checked(route.query, context.req.query(), "the query");
      const body = await bodyOf(request, route.body);
      const signal = AbortSignal.any([request.signal, parts.end]);
      const call = { principal, params, rest, body, query, request, signal };
      const answer = answerOf(await route.handle(call));
      return request.method === "HEAD" ? await withoutBody(answer) : answer;
    });
  }
  hono.notFound((context) => {
    const { method, path } = context.req;
    return failureAnswer(
      new ControlFailure(
        "not_found",
        `there is no ${method} ${path}; ${apiPrefix}/openapi.json has all`,
      ),
    );
  });
  hono.onError((failure) => {
    if (!(failure instanceof ControlFailure)) parts.onFailure(failure);
    return failureAnswer(failure);
  });
  return async (request) => await hono.fetch(request);
}

async function admitted(
  request: Request,
  { admission }: Route,
  { tokens }: ApiParts,
): Promise<Principal | undefined> {
  const header = request.headers.get("authorization") ?? "";
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) {
    if (admission === "anybody") return undefined;
    throw new ControlFailure(
      "unauthenticated",
      "a token is needed: stoa login; the first is in the file admin-token of the control plane's folder, data/.stoa/control where nobody said otherwise",
    );
  }
  if (admission === "anybody") return undefined;
  const principal = await tokens.principalOf(token);
  if (isAdmitted(principal, admission)) return principal;
  const has = principal.kind === "machine" ? "a machine's token" : `the role ${principal.role}`;
  throw new ControlFailure(
    "forbidden",
    `this needs ${admission === "machine" ? "a machine's token" : `the role ${admission}`}, and ${principal.name} comes with ${has}`,
  );
}

/** What stands in the place of the `*` of a route. */
function restOf(path: string, pattern: string): string {
  if (!pattern.endsWith("/*")) return "";
  const fixed = `${apiPrefix}${pattern.slice(0, -1)}`;
  return path.startsWith(fixed) ? path.slice(fixed.length) : "";
}

async function bodyOf(request: Request, schema: Route["body"]): Promise<unknown> {
  if (schema === undefined || typeof schema === "string") return undefined;
  return checked(
    schema,
    parsedJson(await limitedText(request, jsonLimitBytes)),
    "the document sent",
  );
}

/** The text of a body that is not longer than allowed. Fails with `too_large`. */
export async function limitedText(request: Request, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limitBytes) {
      throw new ControlFailure("too_large", `more than ${limitBytes} bytes are not accepted here`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new ControlFailure("bad_request", "what was sent is not JSON");
  }
}

function checked(schema: z.ZodType | undefined, value: unknown, what: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { place, complaint } = firstProblem(result.error);
  throw new ControlFailure("bad_request", `${place === "" ? what : place} ${complaint}`);
}

/** The router answers HEAD by the route of GET, and drops a body without a word to who gives it: an open file stays open. */
async function withoutBody(answer: Response): Promise<Response> {
  await answer.body?.cancel();
  return new Response(null, answer);
}

function answerOf(value: unknown): Response {
  if (value instanceof Response) return value;
  return value === undefined ? new Response(null, { status: 204 }) : Response.json(value);
}
