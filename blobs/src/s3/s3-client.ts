// The client of AWS's SDK, as this program wants it.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { fromHttp } from "@aws-sdk/credential-provider-http";
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
    ...(region === undefined ? {} : { region }),
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

function credentialsOf({ credentialsUrl, keys }: S3Settings): Pick<S3ClientConfig, "credentials"> {
  const fixed = keys && {
    accessKeyId: keys.id,
    secretAccessKey: keys.secret,
    ...(keys.token === undefined ? {} : { sessionToken: keys.token }),
  };
  if (credentialsUrl === undefined) return fixed === undefined ? {} : { credentials: fixed };
  const fromUrl = fromHttp({ awsContainerCredentialsFullUri: credentialsUrl });
  if (fixed === undefined) return { credentials: fromUrl };
  return { credentials: () => fromUrl().catch(() => fixed) };
}
