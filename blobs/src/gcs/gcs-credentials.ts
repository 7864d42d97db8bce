// A key file of Google's, as the SDK wants it.
import type { StorageOptions } from "@google-cloud/storage";
import {
  AwsClient,
  type AwsClientOptions,
  GoogleAuth,
  IdentityPoolClient,
  type IdentityPoolClientOptions,
  JWT,
  PluggableAuthClient,
  type PluggableAuthClientOptions,
  UserRefreshClient,
} from "google-auth-library";
import { BlobFailure } from "../blob-failure.ts";

const scopes = ["https://www.googleapis.com/auth/devstorage.read_write"];

/** Throws `denied` if the document is of no kind that a program can use. */
export function identityFrom(
  credentials: Readonly<Record<string, unknown>>,
): NonNullable<StorageOptions["authClient"]> {
  const text = (name: string): string => String(credentials[name] ?? "");
  switch (credentials["type"]) {
    case "service_account":
      return signingClient(text("client_email"), text("private_key"));
    case "authorized_user":
      return new UserRefreshClient({
        clientId: text("client_id"),
        clientSecret: text("client_secret"),
        refreshToken: text("refresh_token"),
      });
    case "external_account":
      return workloadClient({ ...credentials, scopes });
  }
  throw new BlobFailure(
    "denied",
    `credentials of the type ${JSON.stringify(credentials["type"])} cannot be used: service_account, external_account and authorized_user can`,
  );
}

/**
 * Which of them is meant Google's documents say by what the source has. The library's own choice comes with a warning about
 * documents from strangers, and this one is the operator's.
 */
function workloadClient(options: object): NonNullable<StorageOptions["authClient"]> {
  const source = Object((options as { readonly credential_source?: unknown }).credential_source);
  if (Object.hasOwn(source, "environment_id")) return new AwsClient(options as AwsClientOptions);
  if (Object.hasOwn(source, "executable"))
    return new PluggableAuthClient(options as PluggableAuthClientOptions);
  return new IdentityPoolClient(options as IdentityPoolClientOptions);
}

/** Whoever signs a URL asks for the account and its key as they stand in the document. */
function signingClient(email: string, key: string): GoogleAuth {
  const auth = new GoogleAuth({ authClient: new JWT({ email, key, scopes }) });
  auth.jsonContent = { client_email: email, private_key: key };
  return auth;
}
