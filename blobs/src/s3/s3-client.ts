// The client of AWS's SDK, as this program wants it.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { S3Settings } from "./s3-settings.ts";

const connectMs = 5_000;
/** Neither side may be silent for longer. */
const silenceMs = 30_000;
/** Readers that are slow hold a connection each; the SDK's own limit would let others wait for them. */
const connections = 1024;

/** Credentials are sought when they are first needed. To be destroyed. */
export function openS3Client(settings: S3Settings): S3Client {
  const { region, endpoint, isPathStyle } = settings;
  const agent = { keepAlive: true, maxSockets: connections };
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: isPathStyle,
    followRegionRedirects: true,
    ...credentialsOf(settings),
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: silenceMs,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    },
  });
}

function credentialsOf({ credentials }: S3Settings): Pick<S3ClientConfig, "credentials"> {
  if (credentials === undefined) return {};
  if (credentials.kind === "endpoint") return { credentials: fromEndpoint(credentials.url) };
  const { id, secret, token } = credentials;
  return {
    credentials: {
      accessKeyId: id,
      secretAccessKey: secret,
      ...(token === undefined ? {} : { sessionToken: token }),
    },
  };
}

/** A URL that answers as the metadata service of AWS's containers does; the package is part of the SDK. */
function fromEndpoint(url: string): NonNullable<S3ClientConfig["credentials"]> {
  return async () => {
    const { fromHttp } = await import("@aws-sdk/credential-providers");
    return fromHttp({ awsContainerCredentialsFullUri: url })();
  };
}
