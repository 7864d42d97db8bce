// A key file of Google's, as the SDK wants it.
import type { StorageOptions } from "@google-cloud/storage";
import { ExternalAccountClient, GoogleAuth, JWT, UserRefreshClient } from "google-auth-library";
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
    case "external_account": {
      const options = credentials as unknown as Parameters<
        typeof ExternalAccountClient.fromJSON
      >[0];
      const client = ExternalAccountClient.fromJSON({ ...options, scopes });
      if (client !== null) return client;
    }
  }
  throw new BlobFailure(
    "denied",
    `credentials of the type ${JSON.stringify(credentials["type"])} cannot be used: service_account, external_account and authorized_user can`,
  );
}

/** Whoever signs a URL asks for the account and its key as they stand in the document. */
function signingClient(email: string, key: string): GoogleAuth {
  const auth = new GoogleAuth({ authClient: new JWT({ email, key, scopes }) });
  auth.jsonContent = { client_email: email, private_key: key };
  return auth;
}
