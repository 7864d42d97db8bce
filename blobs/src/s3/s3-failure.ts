// What S3 and the way to it complain about, in the words of blob stores.
import { BlobFailure, type BlobFailureKind } from "../blob-failure.ts";
import { isTransportFailure, transportSentence } from "../transport-failure.ts";

/** Authority for the codes: the list of error codes in the API reference of Amazon S3; others as servers were seen to send. */
const kinds: Readonly<Record<string, BlobFailureKind>> = {
  NoSuchBucket: "missing_store",
  AccessDenied: "denied",
  AccountProblem: "denied",
  AllAccessDisabled: "denied",
  CredentialsProviderError: "denied",
  ExpiredToken: "denied",
  InvalidAccessKeyId: "denied",
  InvalidToken: "denied",
  SignatureDoesNotMatch: "denied",
  TokenProviderError: "denied",
  XAdminUserNotFound: "denied",
  RequestTimeTooSkewed: "skewed",
  RequestExpired: "skewed",
  AuthorizationHeaderMalformed: "misdirected",
  IllegalLocationConstraintException: "misdirected",
  PermanentRedirect: "misdirected",
  NotImplemented: "unsupported",
  BadDigest: "damaged",
  InvalidDigest: "damaged",
  KeyTooLongError: "bad_key",
  ExistingObjectIsDirectory: "bad_key",
  ObjectParentIsFile: "bad_key",
  XMinioStorageFull: "full",
  QuotaExceeded: "full",
};

const byStatus: Readonly<Record<number, BlobFailureKind>> = {
  301: "misdirected",
  307: "misdirected",
  401: "denied",
  403: "denied",
  501: "unsupported",
  507: "full",
};

/** The status of the service's answer, if that is what failed. */
export function statusOf(failure: unknown): number | undefined {
  if (!(failure instanceof Error && "$metadata" in failure)) return undefined;
  const { httpStatusCode } = failure.$metadata as { readonly httpStatusCode?: number };
  return httpStatusCode;
}

/** A `BlobFailure` for what the SDK threw; what it did not throw stays what it is. `place` names bucket and service. */
export function translateS3Failure(failure: unknown, place: string): unknown {
  if (!(failure instanceof Error) || failure instanceof BlobFailure) return failure;
  const status = statusOf(failure);
  const code = codeOf(failure);
  const kind = kinds[code] ?? (status === undefined ? undefined : kindOfStatus(status));
  if (kind !== undefined) {
    const said =
      failure.message === "UnknownError" || failure.message === ""
        ? `status ${status}`
        : failure.message;
    return new BlobFailure(kind, `${place} answers: ${said} (${code})`, { cause: failure });
  }
  if (/^checksum mismatch/i.test(failure.message)) {
    return new BlobFailure("damaged", `what came from ${place} is not what is kept there`, {
      cause: failure,
    });
  }
  if (!isTransportFailure(failure)) return failure;
  return new BlobFailure("unreachable", transportSentence(failure, place), { cause: failure });
}

function codeOf(failure: Error): string {
  return "Code" in failure && typeof failure.Code === "string" ? failure.Code : failure.name;
}

function kindOfStatus(status: number): BlobFailureKind {
  return byStatus[status] ?? (status >= 500 || status === 429 ? "unreachable" : "unexpected");
}
