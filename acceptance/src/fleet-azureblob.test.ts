// Several instances that agree by blobs of Azure, and have their modules there.
import { azureServerIsMissing, startAzureServer } from "@stoa/blobs/testing";
import { azureVariables } from "./testing/bucket-variables.ts";
import { faultSuite } from "./testing/fault-suite.ts";
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

faultSuite("Azure", azureServerIsMissing(), async () => {
  const server = await startAzureServer({ remembers: true });
  return {
    server: { ...server, kill: () => server.stop() },
    env: {
      ATHENS_STORAGE_TYPE: "azureblob",
      ATHENS_SINGLE_FLIGHT_TYPE: "azureblob",
      ...azureVariables(await server.newBucket()),
    },
    ...{ kept: 503, cold: 503 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
