// Several instances that agree by objects of Google Cloud Storage.
import { gcsServerIsMissing, startGcsServer } from "@stoa/blobs/testing";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

fleetSuite("Google Cloud Storage", gcsServerIsMissing(), async () => {
  const server = await startGcsServer({ remembers: true });
  const { settings } = await server.newBucket();
  return engineOf(
    { kill: server.stop, start: server.start, [Symbol.asyncDispose]: server[Symbol.asyncDispose] },
    {
      ATHENS_SINGLE_FLIGHT_TYPE: "gcp",
      ATHENS_STORAGE_GCP_BUCKET: settings.bucket,
      STOA_GCP_ENDPOINT: server.url,
    },
  );
});
