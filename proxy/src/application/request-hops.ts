// Through which proxies the request that is being worked on has come.
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Set around the work for a request; read when an upstream is asked, so that a chain that leads back to this program
 * ends. Work that is shared by several requests carries the hops of the one that started it.
 */
export const requestHops = new AsyncLocalStorage<readonly string[]>();
