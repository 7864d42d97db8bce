// Several instances that agree by blobs of Azure.
import { azureServerIsMissing, startAzureServer } from "@stoa/blobs/testing";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

fleetSuite("Azure", azureServerIsMissing(), async () => {
  const server = await startAzureServer({ remembers: true });
  const { settings } = await server.newBucket();
  return engineOf(
    { kill: server.stop, start: server.start, [Symbol.asyncDispose]: server[Symbol.asyncDispose] },
    {
      ATHENS_SINGLE_FLIGHT_TYPE: "azureblob",
      ATHENS_AZURE_ACCOUNT_NAME: settings.account,
      ATHENS_AZURE_ACCOUNT_KEY: settings.identity.kind === "key" ? settings.identity.key : "",
      ATHENS_AZURE_CONTAINER_NAME: settings.container,
      STOA_AZURE_ENDPOINT: settings.endpoint ?? "",
    },
  );
});
