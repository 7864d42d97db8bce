// The keys about the index of what was kept when.
import { choiceSetting, numberSetting, pairsSetting, textSetting } from "../setting.ts";

/** A key of an index that Stoa does not have so far: read and checked, so that a whole file of Athens' passes. */
function ofType(type: string): { readonly idle: string } {
  return { idle: `it is for IndexType ${type}, which is not available yet` };
}

export const indexSettings = {
  indexType: choiceSetting({
    name: "IndexType",
    environment: ["ATHENS_INDEX_TYPE"],
    default: "none",
    choices: ["none"],
    synonyms: { "": "none" },
    later: ["memory", "mysql", "postgres"],
    meaning: "Where it is written down when a version was kept, for /index: none, nowhere.",
  }),
  mysqlProtocol: textSetting({
    name: "Index.MySQL.Protocol",
    environment: ["ATHENS_INDEX_MYSQL_PROTOCOL"],
    default: "tcp",
    meaning: "tcp or unix.",
    ...ofType("mysql"),
  }),
  mysqlHost: textSetting({
    name: "Index.MySQL.Host",
    environment: ["ATHENS_INDEX_MYSQL_HOST"],
    default: "localhost",
    meaning: "The server.",
    ...ofType("mysql"),
  }),
  mysqlPort: numberSetting({
    name: "Index.MySQL.Port",
    environment: ["ATHENS_INDEX_MYSQL_PORT"],
    default: 3306,
    unit: "a port",
    meaning: "The server's port.",
    ...ofType("mysql"),
  }),
  mysqlUser: textSetting({
    name: "Index.MySQL.User",
    environment: ["ATHENS_INDEX_MYSQL_USER"],
    default: "root",
    meaning: "The user name.",
    ...ofType("mysql"),
  }),
  mysqlPassword: textSetting({
    name: "Index.MySQL.Password",
    environment: ["ATHENS_INDEX_MYSQL_PASSWORD"],
    default: "",
    secret: true,
    meaning: "The password.",
    ...ofType("mysql"),
  }),
  mysqlDatabase: textSetting({
    name: "Index.MySQL.Database",
    environment: ["ATHENS_INDEX_MYSQL_DATABASE"],
    default: "athens",
    meaning: "The database, which must exist.",
    ...ofType("mysql"),
  }),
  mysqlParams: pairsSetting({
    name: "Index.MySQL.Params",
    environment: ["ATHENS_INDEX_MYSQL_PARAMS"],
    default: new Map([
      ["parseTime", "true"],
      ["timeout", "30s"],
    ]),
    meaning: "Parameters of the connection.",
    ...ofType("mysql"),
  }),
  postgresHost: textSetting({
    name: "Index.Postgres.Host",
    environment: ["ATHENS_INDEX_POSTGRES_HOST"],
    default: "localhost",
    meaning: "The server.",
    ...ofType("postgres"),
  }),
  postgresPort: numberSetting({
    name: "Index.Postgres.Port",
    environment: ["ATHENS_INDEX_POSTGRES_PORT"],
    default: 5432,
    unit: "a port",
    meaning: "The server's port.",
    ...ofType("postgres"),
  }),
  postgresUser: textSetting({
    name: "Index.Postgres.User",
    environment: ["ATHENS_INDEX_POSTGRES_USER"],
    default: "postgres",
    meaning: "The user name.",
    ...ofType("postgres"),
  }),
  postgresPassword: textSetting({
    name: "Index.Postgres.Password",
    environment: ["ATHENS_INDEX_POSTGRES_PASSWORD"],
    default: "",
    secret: true,
    meaning: "The password.",
    ...ofType("postgres"),
  }),
  postgresDatabase: textSetting({
    name: "Index.Postgres.Database",
    environment: ["ATHENS_INDEX_POSTGRES_DATABASE"],
    default: "athens",
    meaning: "The database, which must exist.",
    ...ofType("postgres"),
  }),
  postgresParams: pairsSetting({
    name: "Index.Postgres.Params",
    environment: ["ATHENS_INDEX_POSTGRES_PARAMS"],
    default: new Map([
      ["connect_timeout", "30"],
      ["sslmode", "disable"],
    ]),
    meaning: "Parameters of the connection.",
    ...ofType("postgres"),
  }),
} as const;
