// Several instances that agree by etcd.
import { noEtcd, startEtcd } from "@stoa/proxy/testing";
import { faultSuite } from "./testing/fault-suite.ts";
import { engineOf, fleetSuite } from "./testing/fleet-suite.ts";
import { slowRelay } from "./testing/slow-relay.ts";

const variables = (port: number): Record<string, string> => ({
  ATHENS_SINGLE_FLIGHT_TYPE: "etcd",
  ATHENS_ETCD_ENDPOINTS: `127.0.0.1:${port}`,
});

fleetSuite("etcd", noEtcd, async () => {
  const server = await startEtcd();
  return engineOf(server, variables(server.port));
});

faultSuite("etcd", noEtcd, async () => {
  const stack = new AsyncDisposableStack();
  const etcd = stack.use(await startEtcd());
  const server = stack.use(await slowRelay(etcd, etcd.port));
  return {
    server,
    env: variables(server.port),
    ...{ kept: 200, cold: 503 },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
