// Several instances that agree by Redis: one server, a cluster, or one that sentinels watch over.
import { noRedis, startRedis, startRedisCluster, startSentinel } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";
import { SlowRelays, slowRelay } from "./testing/slow-relay.ts";

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
  const stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis("secret"));
  const server = stack.use(await slowRelay(redis, redis.port));
  return {
    server,
    env: variables(server.port),
    ...{ kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

const cluster = (endpoints: readonly string[]): Record<string, string> => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "redis",
  ATHENS_REDIS_CLUSTER: "true",
  ATHENS_REDIS_ENDPOINT: endpoints.join(","),
});

fleetSuite("a Redis cluster", noRedis, async () => {
  const server = await startRedisCluster();
  return engineOf(server, cluster(server.endpoints));
});

faultSuite("a Redis cluster", noRedis, async () => {
  const stack = new AsyncDisposableStack();
  const relays = stack.use(new SlowRelays());
  const nodes = stack.use(await startRedisCluster(relays.through));
  return {
    server: relays.before(nodes),
    env: cluster(nodes.endpoints),
    ...{ kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

const watchedMaster = (endpoints: readonly string[]): Record<string, string> => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "redis-sentinel",
  ATHENS_REDIS_SENTINEL_ENDPOINTS: endpoints.join(","),
  ATHENS_REDIS_SENTINEL_MASTER_NAME: "redis-1",
  ATHENS_REDIS_SENTINEL_PASSWORD: "secret",
  ATHENS_REDIS_PASSWORD: "secret",
});

fleetSuite("Redis and its sentinel", noRedis, async () => {
  const server = await startSentinel("redis-1", "secret");
  return engineOf(server, watchedMaster(server.endpoints));
});

faultSuite("Redis and its sentinel", noRedis, async () => {
  const stack = new AsyncDisposableStack();
  const relays = stack.use(new SlowRelays());
  const servers = stack.use(await startSentinel("redis-1", "secret", relays));
  return {
    server: relays.before(servers),
    env: watchedMaster(servers.endpoints),
    ...{ kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
