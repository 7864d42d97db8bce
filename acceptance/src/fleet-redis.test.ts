// Several instances that agree by Redis.
import { noRedis, startRedis } from "@stoa/proxy/testing";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

fleetSuite("Redis", noRedis, async () => {
  const server = await startRedis("secret");
  return engineOf(server, {
    ATHENS_SINGLE_FLIGHT_TYPE: "redis",
    ATHENS_REDIS_ENDPOINT: `127.0.0.1:${server.port}`,
    ATHENS_REDIS_PASSWORD: "secret",
  });
});
