// Several instances that agree by objects of Google Cloud Storage, and have their modules there.
import { gcsServerIsMissing, startGcsServer } from "@stoa/blobs/testing";
import { gcpVariables } from "./testing/bucket-variables.ts";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

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
  const server = await startGcsServer({ remembers: true });
  return {
    server: { ...server, kill: () => server.stop() },
    env: {
      ATHENS_STORAGE_TYPE: "gcp",
      ATHENS_SINGLE_FLIGHT_TYPE: "gcp",
      ...gcpVariables(await server.newBucket()),
    },
    ...{ kept: 503, cold: 503 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
