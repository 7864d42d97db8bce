// What a server elsewhere, or the way to it, complains about, in one line.

/** The codes of OpenSSL's certificate verification, and Node's own for a name that does not fit. */
const distrust =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY|DECODE)_)/;

/** The failure's own words; of a certificate that is not trusted, what to do. Several addresses that all refuse are one. */
export function reasonOf(failure: unknown): string {
  return distrustOf(failure) ?? ownWords(failure);
}

/** A sentence about a certificate that is not trusted, if that is what a failure is about, or what has caused it. */
export function distrustOf(
  failure: unknown,
  advice = "add its authority to those of this machine, or name it in NODE_EXTRA_CA_CERTS",
): string | undefined {
  for (let at = failure; at instanceof Error; at = causeOf(at)) {
    const code = "code" in at ? String(at.code) : "";
    if (distrust.test(code)) return `its certificate is not trusted (${code}): ${advice}`;
  }
  return undefined;
}

function ownWords(failure: unknown): string {
  if (failure instanceof AggregateError && failure.errors.length > 0) {
    return ownWords(failure.errors[0]);
  }
  return failure instanceof Error ? failure.message : String(failure);
}

/** Redis' client has a name of its own for it. */
function causeOf(failure: Error): unknown {
  if (failure instanceof AggregateError) return failure.errors[0];
  return failure.cause ?? ("lastNodeError" in failure ? failure.lastNodeError : undefined);
}
