// Where the index is, as the configuration has it.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";

/** What IndexType and its keys say. */
export function indexPlace(values: Configuration["values"]): ModuleProxySettings["index"] {
  switch (values.indexType) {
    case "none":
    case "memory":
      return values.indexType;
    case "sqlite":
      return "state";
    case "mysql":
      return {
        engine: "mysql",
        protocol: values.mysqlProtocol === "unix" ? "unix" : "tcp",
        host: values.mysqlHost,
        port: values.mysqlPort,
        user: values.mysqlUser,
        password: values.mysqlPassword,
        database: values.mysqlDatabase,
        params: values.mysqlParams,
      };
    case "postgres":
      return {
        engine: "postgres",
        protocol: "tcp",
        host: values.postgresHost,
        port: values.postgresPort,
        user: values.postgresUser,
        password: values.postgresPassword,
        database: values.postgresDatabase,
        params: values.postgresParams,
      };
  }
}
