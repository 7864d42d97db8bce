// Which engine the instances agree by.
import type { RemovingBucketSettings } from "@stoa/blobs";
import { reasonOf } from "../../domain/engine-reason.ts";
import type { LeaseEngine, Leases } from "../../domain/leases.ts";
import { openBucketEngine } from "./bucket-engine.ts";
import { openEtcdEngine } from "./etcd-engine.ts";
import { openRedisEngine, type RedisPlace } from "./redis-engine.ts";
import { RenewedLeases } from "./renewed-leases.ts";

/** Where leases are: nowhere (one instance), in the proxy's state, in a bucket, or in an engine of their own. */
export type LeasePlace =
  | { readonly kind: "memory" }
  | { readonly kind: "state" }
  | { readonly kind: "redis"; readonly redis: RedisPlace }
  | { readonly kind: "etcd"; readonly endpoints: readonly string[] }
  | { readonly kind: "bucket"; readonly bucket: RemovingBucketSettings };

/** Opens the engine; `undefined` for one instance. Rejects with a sentence that names the key to fix. */
export async function openLeases(
  place: LeasePlace,
  options: { readonly ofState: LeaseEngine; readonly lifetimeMs: number },
): Promise<(Leases & AsyncDisposable) | undefined> {
  switch (place.kind) {
    case "memory":
      return undefined;
    case "state":
      return new RenewedLeases(options.ofState, options);
    case "redis": {
      const { redis } = place;
      const keys = redis.kind === "sentinel" ? "SingleFlight.RedisSentinel" : "SingleFlight.Redis";
      return new RenewedLeases(await opened(openRedisEngine(redis), "Redis", keys), options);
    }
    case "etcd":
      return new RenewedLeases(
        await opened(openEtcdEngine(place.endpoints), "etcd", "SingleFlight.Etcd"),
        options,
      );
    case "bucket": {
      const { bucket } = place;
      const [service, keys] =
        bucket.service === "gcs"
          ? ["Google Cloud Storage", "Storage.GCP"]
          : ["Azure", "Storage.AzureBlob"];
      return new RenewedLeases(await opened(openBucketEngine(bucket), service, keys), options);
    }
  }
}

async function opened(
  opening: Promise<LeaseEngine>,
  engine: string,
  keys: string,
): Promise<LeaseEngine> {
  try {
    return await opening;
  } catch (cause) {
    throw new Error(
      `${engine}, by which the instances agree who fetches a version, cannot be used (${reasonOf(cause)}): check the keys of [${keys}] and that it is reachable, or choose another SingleFlightType`,
      { cause },
    );
  }
}
