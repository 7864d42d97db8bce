// Several instances that agree by PostgreSQL, or have only their state there.
import { noPostgres, noRedis, startPostgres, startRedis } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

const byState = (url: string): Record<string, string> => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "postgres",
  STOA_STATE: url,
});

fleetSuite("PostgreSQL", noPostgres, async () => {
  const server = await startPostgres();
  return engineOf(server, byState(server.url));
});

faultSuite("PostgreSQL, by which they agree,", noPostgres, async () => {
  const server = await startPostgres();
  return {
    server,
    env: byState(server.url),
    kept: 200,
    cold: 503,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

faultSuite("PostgreSQL, while they agree by Redis,", noPostgres || noRedis, async () => {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startPostgres());
  const redis = stack.use(await startRedis("secret"));
  return {
    server,
    env: {
      STOA_STATE: server.url,
      ATHENS_SINGLE_FLIGHT_TYPE: "redis",
      ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
      ATHENS_REDIS_PASSWORD: "secret",
    },
    kept: 200,
    cold: 200,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
