// Servers for the time of a test.
import type { TestContext } from "node:test";
import { type Handler, type Listening, type ListenOptions, listen } from "../listen.ts";

/** Listens on a port of its own until the test ends. */
export async function serve(
  t: TestContext,
  handler: Handler,
  options: Partial<ListenOptions> = {},
): Promise<Listening> {
  const listening = await listen(handler, { host: "127.0.0.1", port: 0, ...options });
  t.after(() => listening.drain(0));
  return listening;
}
