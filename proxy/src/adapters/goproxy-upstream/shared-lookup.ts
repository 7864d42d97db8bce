// One question to the name server at a time for each host.
import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import type { LookupFunction } from "node:net";

type Found = Parameters<LookupFunction>[2];

/**
 * A `lookup` for sockets that lets those who ask for the same host at the same time share one answer. Thirty
 * connections opened at once otherwise ask thirty times, and a name server that drops the burst costs five seconds
 * (measured; the resolver of Go shares likewise, net.Resolver's lookupGroup). Nothing is remembered afterwards.
 */
export function sharedLookup(ask: LookupFunction = askResolver): LookupFunction {
  const waiting = new Map<string, Found[]>();
  return (host, options, found) => {
    const key = JSON.stringify([host, options.family, options.hints, options.all, options.order]);
    const others = waiting.get(key);
    if (others !== undefined) {
      others.push(found);
      return;
    }
    const asking = [found];
    waiting.set(key, asking);
    ask(host, options, (error, address, family) => {
      waiting.delete(key);
      for (const tell of asking) tell(error, address, family);
    });
  };
}

function askResolver(host: string, options: LookupOptions, found: Found): void {
  lookup(host, options, (error, address: string | LookupAddress[], family) =>
    found(error, address, family),
  );
}
