// A key file of Google's, as a client that signs with it.
import {
  type AuthClient,
  ExternalAccountClient,
  JWT,
  UserRefreshClient,
} from "google-auth-library";
import { BlobFailure } from "../blob-failure.ts";

const scopes = ["https://www.googleapis.com/auth/devstorage.read_write"];

/** Throws `denied` if the document is of no kind that a program can use. */
export function clientFrom(credentials: Readonly<Record<string, unknown>>): AuthClient {
  const text = (name: string): string => String(credentials[name] ?? "");
  switch (credentials["type"]) {
    case "service_account":
      return new JWT({ email: text("client_email"), key: text("private_key"), scopes });
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
