// Several instances that agree by blobs of Azure.
import { azureServerIsMissing, startAzureServer } from "@stoa/blobs/testing";
import { azureVariables } from "./testing/bucket-variables.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

fleetSuite("Azure", azureServerIsMissing(), async () => {
  const server = await startAzureServer({ remembers: true });
  return engineOf(
    { kill: server.stop, start: server.start, [Symbol.asyncDispose]: server[Symbol.asyncDispose] },
    {
      ATHENS_SINGLE_FLIGHT_TYPE: "azureblob",
      ...azureVariables(await server.newBucket()),
    },
  );
});
