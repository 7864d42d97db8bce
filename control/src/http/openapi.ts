// The OpenAPI document, made of the routes themselves.
import { z } from "zod";
import { apiPrefix } from "./api.ts";
import type { Route } from "./route.ts";

/** The document in OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1. */
export function openApiDocument(
  routes: readonly Route[],
  version: string,
): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = documentPath(route.path);
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.1",
    info: { title: "Stoa", version },
    servers: [{ url: apiPrefix }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Refusal: refusalSchema },
    },
  };
}

/** `/rollouts/:id` as OpenAPI writes it: `/rollouts/{id}`. */
export function documentPath(path: string): string {
  return path.replace(/:([A-Za-z]+)/g, "{$1}").replace(/\*$/, "{path}");
}

const refusalSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" } },
    },
  },
} as const;

function operationOf(route: Route): Record<string, unknown> {
  const refusal = {
    description: "A refusal, as one sentence.",
    content: { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } },
  };
  const answer =
    route.answer === undefined
      ? { "204": { description: "Done." } }
      : { "200": { description: "The answer.", content: contentOf(route.answer) } };
  return {
    summary: route.summary,
    description: admissionText(route),
    security: route.admission === "anybody" ? [] : [{ token: [] }],
    parameters: [...pathParameters(route.path), ...queryParameters(route.query)],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(route.body) } }),
    responses: { ...answer, default: refusal },
  };
}

function admissionText({ admission }: Route): string {
  if (admission === "anybody") return "Needs no token.";
  if (admission === "machine") return "Needs a machine's token.";
  return `Needs the role ${admission}.`;
}

function contentOf(content: NonNullable<Route["body"]>): Record<string, unknown> {
  if (typeof content === "string") return { [content]: { schema: { type: "string" } } };
  return { "application/json": { schema: schemaOf(content) } };
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return rest;
}

function pathParameters(path: string): readonly Record<string, unknown>[] {
  return [...documentPath(path).matchAll(/\{([A-Za-z]+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: z.ZodType | undefined): readonly Record<string, unknown>[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, unknown>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}
