// What Google Cloud Storage and the way to it complain about, in the words of blob stores.
import { BlobFailure, type BlobFailureKind } from "../blob-failure.ts";
import { isTransportFailure, transportSentence } from "../transport-failure.ts";

/** The status of the service's answer, if that is what failed. The SDK throws some answers as they are, not as errors. */
export function statusOf(failure: unknown): number | undefined {
  if (typeof failure !== "object" || failure === null) return undefined;
  const { code, status } = failure as { readonly code?: unknown; readonly status?: unknown };
  return [code, status].map(Number).find((number) => Number.isInteger(number) && number >= 100);
}

/** A `BlobFailure` for what the SDK threw; what it did not throw stays what it is. */
export function translateGcsFailure(failure: unknown, place: string): unknown {
  if (failure instanceof BlobFailure) return failure;
  const { name, message } =
    failure instanceof Error ? failure : { name: "", ...messageOf(failure) };
  const said = message.split("\n")[0] ?? "";
  if (/default credentials|invalid_grant|invalid_client|private key|PEM|DECODER/i.test(said)) {
    return new BlobFailure("denied", `no credentials for ${place}: ${said}`, { cause: failure });
  }
  if (/CONTENT_DOWNLOAD_MISMATCH|FILE_NO_UPLOAD|does not match/.test(`${name} ${said}`)) {
    return new BlobFailure("damaged", `what came from ${place} is not what is kept there`, {
      cause: failure,
    });
  }
  const status = statusOf(failure);
  if (status !== undefined) {
    return new BlobFailure(kindOf(status, said), `${place} answers: ${said} (${status})`, {
      cause: failure,
    });
  }
  if (!isTransportFailure(failure)) return failure;
  return new BlobFailure("unreachable", transportSentence(failure, place), { cause: failure });
}

function kindOf(status: number, said: string): BlobFailureKind {
  if (status === 401 || status === 403) return "denied";
  if (status === 404 && /bucket does not exist/i.test(said)) return "missing_store";
  return status >= 500 || status === 429 || status === 408 ? "unreachable" : "unexpected";
}

function messageOf(failure: unknown): { readonly message: string } {
  const { message } = (failure ?? {}) as { readonly message?: unknown };
  return { message: String(message ?? failure) };
}
