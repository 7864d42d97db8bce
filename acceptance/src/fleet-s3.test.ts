// Several instances with their modules in a bucket that cannot be reached for a while.
import { s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { noRedis, startRedis } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { slowRelay } from "./testing/slow-relay.ts";

faultSuite("the S3 server", s3ServerIsMissing() || noRedis, async () => {
  const stack = new AsyncDisposableStack();
  const s3 = stack.use(await startS3Server());
  const redis = stack.use(await startRedis("secret"));
  const killable = { ...s3, kill: () => s3.stop() };
  const server = stack.use(await slowRelay(killable, Number(new URL(s3.url).port)));
  return {
    server,
    env: {
      ...s3Variables(await s3.newBucket()),
      AWS_ENDPOINT: `http://127.0.0.1:${server.port}`,
      ATHENS_SINGLE_FLIGHT_TYPE: "redis",
      ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
      ATHENS_REDIS_PASSWORD: "secret",
    },
    kept: 503,
    cold: 503,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
