// Several instances that agree by Redis: one server, a cluster, or one that sentinels watch over.
import { noRedis, startRedis, startRedisCluster, startSentinel } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";
import { slowRelay } from "./testing/slow-relay.ts";

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

/** A cluster, and what names it. */
async function cluster() {
  const server = await startRedisCluster();
  const env = {
    ATHENS_SINGLE_FLIGHT_TYPE: "redis",
    ATHENS_REDIS_CLUSTER: "true",
    ATHENS_REDIS_ENDPOINT: server.endpoints.join(","),
  };
  return { server, env };
}

fleetSuite("a Redis cluster", noRedis, async () => {
  const { server, env } = await cluster();
  return engineOf(server, env);
});

faultSuite("a Redis cluster", noRedis, async () => {
  const { server, env } = await cluster();
  return {
    ...{ server, env, kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

/** A master that a sentinel watches over, and what names it. */
async function watchedMaster() {
  const server = await startSentinel("redis-1", "secret");
  const env = {
    ATHENS_SINGLE_FLIGHT_TYPE: "redis-sentinel",
    ATHENS_REDIS_SENTINEL_ENDPOINTS: server.endpoints.join(","),
    ATHENS_REDIS_SENTINEL_MASTER_NAME: "redis-1",
    ATHENS_REDIS_SENTINEL_PASSWORD: "secret",
    ATHENS_REDIS_PASSWORD: "secret",
  };
  return { server, env };
}

fleetSuite("Redis and its sentinel", noRedis, async () => {
  const { server, env } = await watchedMaster();
  return engineOf(server, env);
});

faultSuite("Redis and its sentinel", noRedis, async () => {
  const { server, env } = await watchedMaster();
  return {
    ...{ server, env, kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
