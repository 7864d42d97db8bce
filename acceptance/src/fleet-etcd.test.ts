// Several instances that agree by etcd.
import { noEtcd, startEtcd } from "@stoa/proxy/testing";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";

fleetSuite("etcd", noEtcd, async () => {
  const server = await startEtcd();
  return engineOf(server, {
    ATHENS_SINGLE_FLIGHT_TYPE: "etcd",
    ATHENS_ETCD_ENDPOINTS: `127.0.0.1:${server.port}`,
  });
});
