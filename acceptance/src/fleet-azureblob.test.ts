// Several instances that agree by blobs of Azure, and have their modules there.
import { azureServerIsMissing, startAzureServer } from "@stoa/blobs/testing";
import { azureVariables } from "./testing/bucket-variables.ts";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";
import { slowRelay } from "./testing/slow-relay.ts";

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
  const stack = new AsyncDisposableStack();
  const bucket = stack.use(await startAzureServer({ remembers: true }));
  const killable = { ...bucket, kill: () => bucket.stop() };
  const server = stack.use(await slowRelay(killable, Number(new URL(bucket.url).port)));
  const variables = azureVariables(await bucket.newBucket());
  const relayed = new URL(variables["STOA_AZURE_ENDPOINT"] ?? "");
  relayed.port = `${server.port}`;
  return {
    server,
    env: {
      ATHENS_STORAGE_TYPE: "azureblob",
      ATHENS_SINGLE_FLIGHT_TYPE: "azureblob",
      ...variables,
      STOA_AZURE_ENDPOINT: relayed.href.replace(/\/$/, ""),
    },
    ...{ kept: 503, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
