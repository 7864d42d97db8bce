// The doors of what tests around the module proxy need.
export { externalServer } from "./external-server.ts";
export {
  type Fault,
  type FixtureProxy,
  type FixtureProxyOptions,
  fixtureProxy,
  type RecordedRequest,
} from "./fixture-proxy.ts";
export {
  type EngineServer,
  noEtcd,
  noRedis,
  startEtcd,
  startRedis,
} from "./lease-servers.ts";
export { fillMongo, mongoServerIsMissing, startMongoServer } from "./mongo-server.ts";
export { noPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export { missingProgram, runServer } from "./server-process.ts";
