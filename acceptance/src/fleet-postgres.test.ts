// Several instances that agree by PostgreSQL, or have only their state there.
import { noPostgres, noRedis, startPostgres, startRedis } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";
import { slowRelay } from "./testing/slow-relay.ts";

const byState = (url: string): Record<string, string> => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "postgres",
  STOA_STATE: url,
});

fleetSuite("PostgreSQL", noPostgres, async () => {
  const server = await startPostgres();
  return engineOf(server, byState(server.url));
});

/** The URL of a server by another port. */
function at(url: string, port: number): string {
  const relayed = new URL(url);
  relayed.port = `${port}`;
  return relayed.href;
}

faultSuite("PostgreSQL, by which they agree,", noPostgres, async () => {
  const stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const server = stack.use(await slowRelay(postgres, Number(new URL(postgres.url).port)));
  return {
    server,
    env: byState(at(postgres.url, server.port)),
    ...{ kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

faultSuite("PostgreSQL, while they agree by Redis,", noPostgres || noRedis, async () => {
  const stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const server = stack.use(await slowRelay(postgres, Number(new URL(postgres.url).port)));
  const redis = stack.use(await startRedis("secret"));
  return {
    server,
    env: {
      STOA_STATE: at(postgres.url, server.port),
      ATHENS_SINGLE_FLIGHT_TYPE: "redis",
      ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
      ATHENS_REDIS_PASSWORD: "secret",
    },
    kept: 200,
    cold: 200,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
