// Several instances with their modules in MongoDB.
import {
  noRedis,
  ownMongoServerIsMissing,
  startOwnMongoServer,
  startRedis,
} from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { slowRelay } from "./testing/slow-relay.ts";

faultSuite("MongoDB", ownMongoServerIsMissing() || noRedis, async () => {
  const stack = new AsyncDisposableStack();
  const mongo = stack.use(await startOwnMongoServer());
  const redis = stack.use(await startRedis("secret"));
  const server = stack.use(await slowRelay(mongo, mongo.port));
  return {
    server,
    env: {
      ATHENS_STORAGE_TYPE: "mongo",
      ATHENS_MONGO_STORAGE_URL: `mongodb://127.0.0.1:${server.port}/`,
      ATHENS_SINGLE_FLIGHT_TYPE: "redis",
      ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
      ATHENS_REDIS_PASSWORD: "secret",
    },
    ...{ kept: 503, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
