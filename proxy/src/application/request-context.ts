// What is known of the request that is being worked on, wherever the work takes place.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "@stoa/telemetry";

/** The request for which something is done. Work that several requests share is that of the one that began it. */
export interface RequestContext {
  /** Through which proxies it has come: told to upstreams, so that a chain that leads back to this program ends. */
  readonly hops: readonly string[];
  /** Its trace, if it has one. */
  readonly span: Span | undefined;
}

/** Set around the work for a request; read where upstreams are asked. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

/** The context of work that no request waits for. */
export const noRequest: RequestContext = { hops: [], span: undefined };
