// By what instances agree, as the configuration has it.
import type { ModuleProxySettings } from "@stoa/proxy";
import type { Configuration } from "../config/configuration.ts";
import { azureContainer, gcpBucket } from "./storage-settings.ts";

/** What SingleFlightType and its keys say. */
export function leasePlace(values: Configuration["values"]): ModuleProxySettings["leases"] {
  switch (values.singleFlightType) {
    case "memory":
    case "state":
      return { kind: values.singleFlightType };
    case "gcp":
      return { kind: "bucket", bucket: gcpBucket(values) };
    case "azureblob":
      return { kind: "bucket", bucket: azureContainer(values) };
    case "etcd":
      return { kind: "etcd", endpoints: values.etcdEndpoints.split(",") };
    case "redis": {
      const { redisEndpoint: endpoint, redisPassword: password } = values;
      return {
        kind: "redis",
        redis: values.redisCluster
          ? { kind: "cluster", endpoints: endpoint.split(","), password }
          : { kind: "single", endpoint, password },
      };
    }
    case "redis-sentinel":
      return {
        kind: "redis",
        redis: {
          kind: "sentinel",
          endpoints: values.sentinelEndpoints,
          master: values.sentinelMasterName,
          sentinelPassword: values.sentinelPassword,
          username: values.sentinelRedisUsername,
          password: values.sentinelRedisPassword,
          database: values.sentinelDatabase,
        },
      };
  }
}
