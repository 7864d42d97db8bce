// Several instances that agree by objects of Google Cloud Storage, and have their modules there.
import { gcsServerIsMissing, startGcsServer } from "@stoa/blobs/testing";
import { gcpVariables } from "./testing/bucket-variables.ts";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";
import { slowRelay } from "./testing/slow-relay.ts";

fleetSuite("Google Cloud Storage", gcsServerIsMissing(), async () => {
  const server = await startGcsServer({ remembers: true });
  return engineOf(
    { kill: server.stop, start: server.start, [Symbol.asyncDispose]: server[Symbol.asyncDispose] },
    {
      ATHENS_SINGLE_FLIGHT_TYPE: "gcp",
      ...gcpVariables(await server.newBucket()),
    },
  );
});

faultSuite("Google Cloud Storage", gcsServerIsMissing(), async () => {
  const stack = new AsyncDisposableStack();
  const bucket = stack.use(await startGcsServer({ remembers: true }));
  const killable = { ...bucket, kill: () => bucket.stop() };
  const server = stack.use(await slowRelay(killable, Number(new URL(bucket.url).port)));
  const variables = gcpVariables(await bucket.newBucket());
  const relayed = new URL(variables["STOA_GCP_ENDPOINT"] ?? "");
  relayed.port = `${server.port}`;
  return {
    server,
    env: {
      ATHENS_STORAGE_TYPE: "gcp",
      ATHENS_SINGLE_FLIGHT_TYPE: "gcp",
      ...variables,
      STOA_GCP_ENDPOINT: relayed.href.replace(/\/$/, ""),
    },
    ...{ kept: 503, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
