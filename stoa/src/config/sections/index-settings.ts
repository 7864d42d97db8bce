// The keys about the index of what was kept when.
import { choiceSetting, numberSetting, pairsSetting, textSetting } from "../setting.ts";

export const indexSettings = {
  indexType: choiceSetting({
    name: "IndexType",
    environment: ["ATHENS_INDEX_TYPE"],
    default: "sqlite",
    choices: ["none", "memory", "sqlite", "mysql", "postgres"],
    synonyms: { "": "none" },
    meaning:
      "Where it is written down when a version was kept, for /index: sqlite, in Stoa's own state, wherever STOA_STATE keeps it; memory; mysql or postgres, in the tables that Athens uses; or none.",
  }),
  mysqlProtocol: textSetting({
    name: "Index.MySQL.Protocol",
    environment: ["ATHENS_INDEX_MYSQL_PROTOCOL"],
    default: "tcp",
    meaning: "tcp or unix.",
  }),
  mysqlHost: textSetting({
    name: "Index.MySQL.Host",
    environment: ["ATHENS_INDEX_MYSQL_HOST"],
    default: "localhost",
    meaning: "The server.",
  }),
  mysqlPort: numberSetting({
    name: "Index.MySQL.Port",
    environment: ["ATHENS_INDEX_MYSQL_PORT"],
    default: 3306,
    unit: "a port",
    meaning: "The server's port.",
  }),
  mysqlUser: textSetting({
    name: "Index.MySQL.User",
    environment: ["ATHENS_INDEX_MYSQL_USER"],
    default: "root",
    meaning: "The user name.",
  }),
  mysqlPassword: textSetting({
    name: "Index.MySQL.Password",
    environment: ["ATHENS_INDEX_MYSQL_PASSWORD"],
    default: "",
    secret: true,
    meaning: "The password.",
  }),
  mysqlDatabase: textSetting({
    name: "Index.MySQL.Database",
    environment: ["ATHENS_INDEX_MYSQL_DATABASE"],
    default: "athens",
    meaning: "The database, which must exist.",
  }),
  mysqlParams: pairsSetting({
    name: "Index.MySQL.Params",
    environment: ["ATHENS_INDEX_MYSQL_PARAMS"],
    default: new Map([
      ["parseTime", "true"],
      ["timeout", "30s"],
    ]),
    meaning:
      "Parameters of the connection, as Athens' driver has them: timeout, and tls (true, false, skip-verify, preferred). Others are without effect.",
  }),
  postgresHost: textSetting({
    name: "Index.Postgres.Host",
    environment: ["ATHENS_INDEX_POSTGRES_HOST"],
    default: "localhost",
    meaning: "The server.",
  }),
  postgresPort: numberSetting({
    name: "Index.Postgres.Port",
    environment: ["ATHENS_INDEX_POSTGRES_PORT"],
    default: 5432,
    unit: "a port",
    meaning: "The server's port.",
  }),
  postgresUser: textSetting({
    name: "Index.Postgres.User",
    environment: ["ATHENS_INDEX_POSTGRES_USER"],
    default: "postgres",
    meaning: "The user name.",
  }),
  postgresPassword: textSetting({
    name: "Index.Postgres.Password",
    environment: ["ATHENS_INDEX_POSTGRES_PASSWORD"],
    default: "",
    secret: true,
    meaning: "The password.",
  }),
  postgresDatabase: textSetting({
    name: "Index.Postgres.Database",
    environment: ["ATHENS_INDEX_POSTGRES_DATABASE"],
    default: "athens",
    meaning: "The database, which must exist.",
  }),
  postgresParams: pairsSetting({
    name: "Index.Postgres.Params",
    environment: ["ATHENS_INDEX_POSTGRES_PARAMS"],
    default: new Map([
      ["connect_timeout", "30"],
      ["sslmode", "disable"],
    ]),
    meaning:
      "Parameters of the connection, as Athens' driver has them: connect_timeout, sslmode, sslrootcert, sslcert and sslkey. Others are without effect.",
  }),
} as const;
