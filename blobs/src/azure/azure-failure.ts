// What Azure and the way to it complain about, in the words of blob stores.
import { BlobFailure, type BlobFailureKind } from "../blob-failure.ts";
import { isTransportFailure, transportSentence } from "../transport-failure.ts";

/** Authority: the common and the blob service error codes of Azure Storage's REST API. */
const kinds: Readonly<Record<string, BlobFailureKind>> = {
  AccountIsDisabled: "denied",
  AuthenticationFailed: "denied",
  AuthorizationFailure: "denied",
  AuthorizationPermissionMismatch: "denied",
  InvalidAuthenticationInfo: "denied",
  ContainerBeingDeleted: "missing_store",
  ContainerNotFound: "missing_store",
  Md5Mismatch: "damaged",
  OutOfRangeInput: "bad_key",
};

/** The code that the service gave; answers to HEAD have it in a header. */
export function codeOf(failure: unknown): string | undefined {
  if (!(failure instanceof Error && "statusCode" in failure)) return undefined;
  const { details } = failure as { readonly details?: { readonly errorCode?: string } };
  return details?.errorCode ?? ("code" in failure ? String(failure.code) : "");
}

export function statusOf(failure: unknown): number | undefined {
  if (!(failure instanceof Error && "statusCode" in failure)) return undefined;
  return typeof failure.statusCode === "number" ? failure.statusCode : undefined;
}

/** A `BlobFailure` for what the SDK threw; what it did not throw stays what it is. */
export function translateAzureFailure(failure: unknown, place: string): unknown {
  if (!(failure instanceof Error) || failure instanceof BlobFailure) return failure;
  const status = statusOf(failure);
  if (status !== undefined) {
    const code = codeOf(failure) ?? "";
    const kind = kinds[code] ?? kindOfStatus(status);
    const said = failure.message.split("\n")[0] || `status ${status}`;
    return new BlobFailure(kind, `${place} answers: ${said} (${code})`, { cause: failure });
  }
  if (/Credential|Authentication/.test(failure.name)) {
    const said = failure.message.split("\n")[0];
    return new BlobFailure("denied", `no identity for ${place}: ${said}`, { cause: failure });
  }
  if (!isTransportFailure(failure)) return failure;
  return new BlobFailure("unreachable", transportSentence(failure, place), { cause: failure });
}

function kindOfStatus(status: number): BlobFailureKind {
  if (status === 401 || status === 403) return "denied";
  return status >= 500 || status === 429 ? "unreachable" : "unexpected";
}
