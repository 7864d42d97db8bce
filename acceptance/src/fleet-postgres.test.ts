// Several instances that agree by PostgreSQL.
import { noPostgres, startPostgres } from "@stoa/proxy/testing";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

fleetSuite("PostgreSQL", noPostgres, async () => {
  const server = await startPostgres();
  return engineOf(server, { ATHENS_SINGLE_FLIGHT_TYPE: "postgres", STOA_STATE: server.url });
});
