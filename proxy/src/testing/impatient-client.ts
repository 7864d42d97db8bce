// A client for upstream proxies that tests can wait for.
import {
  GoproxyClient,
  type GoproxyClientOptions,
} from "../adapters/goproxy-upstream/goproxy-client.ts";

/** Deadlines far beyond a test, and no pauses between attempts; what a test is about it sets itself. */
export function impatientClient(options: Partial<GoproxyClientOptions> = {}): GoproxyClient {
  return new GoproxyClient({
    ownHop: "own",
    hops: () => [],
    netrcPath: undefined,
    proxies: {},
    connections: 8,
    queue: 100,
    timeoutMs: 60_000,
    connectMs: 60_000,
    firstByteMs: 60_000,
    progressMs: 60_000,
    clock: { nowMs: () => 0, pause: async () => undefined, random: () => 0 },
    ...options,
  });
}
