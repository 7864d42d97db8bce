// Several instances that agree by Redis.
import { noRedis, startRedis } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

const variables = (port: number): Record<string, string> => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "redis",
  ATHENS_REDIS_ENDPOINT: `127.0.0.1:${port}`,
  ATHENS_REDIS_PASSWORD: "secret",
});

fleetSuite("Redis", noRedis, async () => {
  const server = await startRedis("secret");
  return engineOf(server, variables(server.port));
});

faultSuite("Redis", noRedis, async () => {
  const server = await startRedis("secret");
  return {
    server,
    env: variables(server.port),
    kept: 200,
    cold: 503,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
