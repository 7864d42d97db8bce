// The doors of what tests around the module proxy need.
export { schemaSteps } from "../adapters/sql-state/sql-database.ts";
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
  startRedisCluster,
  startSentinel,
} from "./lease-servers.ts";
export {
  fillMongo,
  mongoServerIsMissing,
  ownMongoServerIsMissing,
  startMongoServer,
  startOwnMongoServer,
} from "./mongo-server.ts";
export { noMysql, startMysql } from "./mysql-server.ts";
export { noPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export { missingProgram, runServer } from "./server-process.ts";
