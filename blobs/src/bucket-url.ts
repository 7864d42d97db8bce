// A bucket, and a place in it, written as one URL. Credentials are never part of it.
import type { BucketSettings } from "./open-bucket.ts";

/** A place in a bucket. */
export interface BucketPlace {
  readonly bucket: BucketSettings;
  /** What every key begins with: empty, or a path with its last slash. */
  readonly prefix: string;
}

/** The words of `parseBucketUrl`, for help and messages. */
export const bucketUrlForms =
  "s3://BUCKET/PREFIX?region=…&endpoint=…&path_style=true, gs://BUCKET/PREFIX, or azblob://CONTAINER/PREFIX?account=…";

const known: Readonly<Record<string, readonly string[]>> = {
  "s3:": ["region", "endpoint", "path_style"],
  "gs:": ["endpoint"],
  "azblob:": ["account", "endpoint"],
};

/** Whether the text is meant as the URL of a bucket. */
export function isBucketUrl(text: string): boolean {
  return Object.keys(known).some((scheme) => text.startsWith(`${scheme}//`));
}

/**
 * Reads the URL of a place in a bucket. Credentials are looked for where the programs of the service look; the key of an
 * Azure account also in `AZURE_STORAGE_KEY`. Throws a sentence.
 */
export function parseBucketUrl(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): BucketPlace {
  const url = URL.parse(text);
  const words = known[url?.protocol ?? ""];
  if (url === null || words === undefined || url.hostname === "") {
    throw new Error(`${JSON.stringify(text)} names no bucket; write ${bucketUrlForms}`);
  }
  const { searchParams: said, protocol, hostname, pathname, username, password } = url;
  if (username !== "" || password !== "") {
    throw new Error(
      `the URL of a bucket holds no credentials: give them in the environment, as the programs of the service do`,
    );
  }
  const odd = [...said.keys()].find((word) => !words.includes(word));
  if (odd !== undefined) {
    throw new Error(`${text}: there is no ${odd}=; known are ${words.join(", ")}`);
  }
  const path = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, "");
  const endpoint = said.get("endpoint") ?? undefined;
  return {
    prefix: path === "" ? "" : `${path}/`,
    bucket: bucketOf(protocol, hostname, { said, endpoint, environment }),
  };
}

function bucketOf(
  protocol: string,
  name: string,
  {
    said,
    endpoint,
    environment,
  }: {
    readonly said: URLSearchParams;
    readonly endpoint: string | undefined;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): BucketSettings {
  if (protocol === "s3:") {
    return {
      service: "s3",
      bucket: name,
      endpoint,
      region: said.get("region") ?? (endpoint && "us-east-1"),
      isPathStyle: (said.get("path_style") ?? String(endpoint !== undefined)) === "true",
    };
  }
  if (protocol === "gs:") return { service: "gcs", bucket: name, endpoint };
  const account = said.get("account");
  if (account === null) throw new Error(`azblob://${name}: name the account with ?account=`);
  const key = environment["AZURE_STORAGE_KEY"];
  return {
    service: "azure",
    container: name,
    account,
    endpoint,
    identity: key === undefined ? { kind: "default" } : { kind: "key", key },
  };
}
