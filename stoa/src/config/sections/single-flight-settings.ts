// The keys about how several instances see to it that a version is fetched once.
import {
  choiceSetting,
  listSetting,
  numberSetting,
  switchSetting,
  textSetting,
} from "../setting.ts";

/** Why Athens' knobs of its locks turn nothing here. */
const renewed =
  "Stoa's leases are renewed while their work lives and end seconds after it; nobody gives up waiting for one";

export const singleFlightSettings = {
  singleFlightType: choiceSetting({
    name: "SingleFlightType",
    environment: ["ATHENS_SINGLE_FLIGHT_TYPE"],
    default: "memory",
    choices: ["memory", "state", "redis", "redis-sentinel", "etcd", "gcp", "azureblob"],
    synonyms: { "": "memory", postgres: "state" },
    meaning:
      "How several instances agree who fetches a version: by redis, redis-sentinel, etcd, gcp or azureblob (objects in the bucket of Storage.GCP or Storage.AzureBlob), or state, which is the database of STOA_STATE. memory: there is one instance.",
  }),
  leaseSeconds: numberSetting({
    name: "SingleFlight.LeaseTTL",
    environment: ["STOA_LEASE_TTL"],
    default: 15,
    unit: "seconds",
    least: 1,
    meaning:
      "How long the others wait for an instance that has died in the middle of a fetch. While it lives its lease is renewed three times as often.",
  }),
  etcdEndpoints: textSetting({
    name: "SingleFlight.Etcd.Endpoints",
    environment: ["ATHENS_ETCD_ENDPOINTS"],
    default: "localhost:2379,localhost:22379,localhost:32379",
    meaning: "The members, separated by commas: host:port, or https:// URLs.",
  }),
  redisEndpoint: textSetting({
    name: "SingleFlight.Redis.Endpoint",
    environment: ["ATHENS_REDIS_ENDPOINT"],
    default: "127.0.0.1:6379",
    meaning:
      "host:port, or a redis:// or rediss:// URL, which is spoken to over TLS. Of a cluster, some nodes, separated by commas.",
  }),
  redisPassword: textSetting({
    name: "SingleFlight.Redis.Password",
    environment: ["ATHENS_REDIS_PASSWORD"],
    default: "",
    secret: true,
    meaning: "The password.",
  }),
  redisCluster: switchSetting({
    name: "SingleFlight.Redis.Cluster",
    environment: ["ATHENS_REDIS_CLUSTER"],
    default: false,
    meaning: "Whether the endpoint is a cluster.",
  }),
  redisLockTtlSeconds: numberSetting({
    name: "SingleFlight.Redis.LockConfig.TTL",
    environment: ["ATHENS_REDIS_LOCK_TTL"],
    default: 900,
    unit: "seconds",
    least: 1,
    meaning: "How long a lock holds.",
    idle: renewed,
  }),
  redisLockTimeoutSeconds: numberSetting({
    name: "SingleFlight.Redis.LockConfig.Timeout",
    environment: ["ATHENS_REDIS_LOCK_TIMEOUT"],
    default: 15,
    unit: "seconds",
    least: 1,
    meaning: "How long getting a lock may take.",
    idle: renewed,
  }),
  redisLockRetries: numberSetting({
    name: "SingleFlight.Redis.LockConfig.MaxRetries",
    environment: ["ATHENS_REDIS_LOCK_MAX_RETRIES"],
    default: 10,
    unit: "attempts",
    least: 1,
    meaning: "How often getting a lock is tried again.",
    idle: renewed,
  }),
  sentinelEndpoints: listSetting({
    name: "SingleFlight.RedisSentinel.Endpoints",
    environment: ["ATHENS_REDIS_SENTINEL_ENDPOINTS"],
    default: ["127.0.0.1:26379"],
    meaning: "The sentinels. As rediss:// URLs they and the servers are spoken to over TLS.",
  }),
  sentinelMasterName: textSetting({
    name: "SingleFlight.RedisSentinel.MasterName",
    environment: ["ATHENS_REDIS_SENTINEL_MASTER_NAME"],
    default: "redis-1",
    meaning: "The name of the master.",
  }),
  sentinelPassword: textSetting({
    name: "SingleFlight.RedisSentinel.SentinelPassword",
    environment: ["ATHENS_REDIS_SENTINEL_PASSWORD"],
    default: "sekret",
    secret: true,
    meaning: "The sentinels' password.",
  }),
  sentinelDatabase: numberSetting({
    name: "SingleFlight.RedisSentinel.DB",
    environment: ["ATHENS_REDIS_SENTINEL_DB"],
    default: 0,
    unit: "a database",
    meaning: "The number of the database.",
  }),
  sentinelRedisUsername: textSetting({
    name: "SingleFlight.RedisSentinel.RedisUsername",
    environment: ["ATHENS_REDIS_USERNAME"],
    default: "",
    meaning: "The user name at the master.",
  }),
  sentinelRedisPassword: textSetting({
    name: "SingleFlight.RedisSentinel.RedisPassword",
    environment: ["ATHENS_REDIS_PASSWORD"],
    default: "",
    secret: true,
    meaning: "The password at the master.",
  }),
  sentinelLockTtlSeconds: numberSetting({
    name: "SingleFlight.RedisSentinel.LockConfig.TTL",
    environment: ["ATHENS_REDIS_LOCK_TTL"],
    default: 900,
    unit: "seconds",
    least: 1,
    meaning: "How long a lock holds.",
    idle: renewed,
  }),
  sentinelLockTimeoutSeconds: numberSetting({
    name: "SingleFlight.RedisSentinel.LockConfig.Timeout",
    environment: ["ATHENS_REDIS_LOCK_TIMEOUT"],
    default: 15,
    unit: "seconds",
    least: 1,
    meaning: "How long getting a lock may take.",
    idle: renewed,
  }),
  sentinelLockRetries: numberSetting({
    name: "SingleFlight.RedisSentinel.LockConfig.MaxRetries",
    environment: ["ATHENS_REDIS_LOCK_MAX_RETRIES"],
    default: 10,
    unit: "attempts",
    least: 1,
    meaning: "How often getting a lock is tried again.",
    idle: renewed,
  }),
  gcpStaleThresholdSeconds: numberSetting({
    name: "SingleFlight.GCP.StaleThreshold",
    environment: ["ATHENS_GCP_STALE_THRESHOLD"],
    default: 120,
    unit: "seconds",
    least: 1,
    meaning: "After how long an upload that stands still is taken over.",
    idle: renewed,
  }),
} as const;
