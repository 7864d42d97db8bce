// Base64 as Go's encoding/base64 reads it, which is neither as strict nor as lenient as Node's.

/**
 * The bytes, or `undefined` if the text is not base64 with its padding. Line ends anywhere and stray bits in the last
 * digit are accepted. Authority: Go's base64.StdEncoding.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(digits)) {
    return undefined;
  }
  return Uint8Array.from(Buffer.from(digits, "base64"));
}

/** The standard form, with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
