// Several instances that agree by objects of Google Cloud Storage.
import { gcsServerIsMissing, startGcsServer } from "@stoa/blobs/testing";
import { gcpVariables } from "./testing/bucket-variables.ts";
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
