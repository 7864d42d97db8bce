// What goes wrong between this machine and a service, as the SDKs pass it on.

/** Names and codes of Node, of undici and of the SDKs for connections that fail, stall or break. */
const transport =
  /^(E(CONN[A-Z]+|PIPE|HOSTUNREACH|NETUNREACH|NETDOWN|AI_[A-Z]+|NOTFOUND|TIMEDOUT|PROTO)|UND_ERR_[A-Z_]+|ERR_STREAM_PREMATURE_CLOSE|ERR_SSL_[A-Z_]+|ERR_TLS_[A-Z_]+|TimeoutError|NetworkingError|REQUEST_SEND_ERROR|CERT_[A-Z_]+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+)$/;

/** Whether this, or what caused it, says that a service could not be reached or stopped answering. */
export function isTransportFailure(failure: unknown): boolean {
  return wordOf(failure) !== undefined;
}

/** One sentence; certificates get another than silence. */
export function transportSentence(failure: unknown, place: string): string {
  const word = wordOf(failure) ?? "";
  if (/CERT|SSL|TLS|UNABLE_TO/.test(word)) {
    return `the certificate of ${place} is not trusted (${word}): add its authority to those of this machine, or name it in NODE_EXTRA_CA_CERTS`;
  }
  return `${place} cannot be reached (${word})`;
}

function wordOf(failure: unknown): string | undefined {
  if (!(failure instanceof Error)) return undefined;
  const code = "code" in failure && typeof failure.code === "string" ? failure.code : "";
  const own = [code, failure.name].find((word) => transport.test(word));
  if (own !== undefined) return own;
  if (failure.message === "aborted") return "ECONNRESET";
  const first = failure instanceof AggregateError ? (failure.errors[0] as unknown) : undefined;
  return wordOf(first ?? failure.cause);
}
