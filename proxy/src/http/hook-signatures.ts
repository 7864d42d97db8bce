// Who may say that a repository has changed: the signatures and tokens of the hosts of repositories.
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** The hosts of repositories whose hooks are understood. */
export const hookHosts = ["github", "gitlab", "gitea", "bitbucket"] as const;
export type HookHost = (typeof hookHosts)[number];

/**
 * Whether a request bears the mark of who knows the secret; compared in constant time. Authorities: GitHub "Validating
 * webhook deliveries", GitLab "Webhooks" (secret token), Gitea "Webhooks", Bitbucket "Manage webhooks" (secure webhooks).
 */
export function isSigned(
  host: HookHost,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  secret: string,
): boolean {
  switch (host) {
    case "github":
      return isHmac(headers["x-hub-signature-256"], "sha256=", body, secret);
    case "bitbucket":
      return isHmac(headers["x-hub-signature"], "sha256=", body, secret);
    case "gitea":
      return isHmac(headers["x-gitea-signature"], "", body, secret);
    case "gitlab": {
      const given = headers["x-gitlab-token"];
      return typeof given === "string" && timingSafeEqual(digest(given), digest(secret));
    }
  }
}

function isHmac(
  header: string | readonly string[] | undefined,
  before: string,
  body: Uint8Array,
  secret: string,
): boolean {
  const expected = `${before}${createHmac("sha256", secret).update(body).digest("hex")}`;
  return typeof header === "string" && timingSafeEqual(digest(header), digest(expected));
}

/** Of one length, whatever is compared. */
function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
