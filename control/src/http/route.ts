// One route of the API as data: what the router, the check of the input and the OpenAPI document are all made of.
import type { z } from "zod";
import type { Admission, Principal } from "../domain/access.ts";

/** A request, checked. */
export interface Call<Body = unknown, Query = unknown> {
  readonly principal: Principal | undefined;
  /** The named segments of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** What stands in the place of the `*` of the path; empty without one. */
  readonly rest: string;
  readonly body: Body;
  readonly query: Query;
  /** The request itself: for bodies that stream, for conditions. */
  readonly request: Request;
  /** Aborts when the client has left or the control plane ends. */
  readonly signal: AbortSignal;
}

/** What kind of body a route takes or gives that is not JSON. */
export type OtherContent =
  | "application/octet-stream"
  | "application/x-ndjson"
  | "text/event-stream"
  | "text/plain";

/** A route. `handle` gives what `answer` describes, or a whole `Response`; `undefined` is answered with 204. */
export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Below /api/v1, named segments as `:name`; the last may be `*`, which takes the rest. */
  readonly path: string;
  readonly summary: string;
  readonly admission: Admission;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType | OtherContent;
  /** Absent: nothing is answered but the status 204. */
  readonly answer?: z.ZodType | OtherContent;
  readonly handle: (call: Call) => Promise<unknown>;
}

type Checked<T> = T extends z.ZodType ? z.output<T> : undefined;

/** Describes a route so that its handler gets body and query as what their schemas make of them. */
export function route<const B = undefined, const Q = undefined>(
  described: Omit<Route, "handle" | "body" | "query"> & {
    readonly body?: B & (z.ZodType | OtherContent | undefined);
    readonly query?: Q & (z.ZodType | undefined);
    readonly handle: (call: Call<Checked<B>, Checked<Q>>) => Promise<unknown>;
  },
): Route {
  return described as unknown as Route;
}

/** The named segment of a call. */
export function param(call: Call, name: string): string {
  return call.params[name] ?? "";
}

/** The name of whoever asks; empty where nobody has to say it. */
export function nameOf({ principal }: Pick<Call, "principal">): string {
  return principal?.name ?? "";
}
