// What an upstream says about its refusal, in one short line.
import type { FailureSubject } from "../../domain/proxy-failure.ts";

const mostCharacters = 200;

/**
 * The first line of a plain text, without what the sentence around it says already: the kind of failure, the module and
 * its version. Undefined where the body is no such text (the go command too shows only plain text: cmd/go web.getFile
 * and web.Response.formatErrorDetail).
 */
export function upstreamReason(
  contentType: string | undefined,
  body: Uint8Array,
  subject: FailureSubject | undefined,
): string | undefined {
  if (!/^text\/plain\s*(;|$)/i.test(contentType ?? "text/plain")) return undefined;
  const line = new TextDecoder().decode(body).trimStart().split("\n")[0]?.trim() ?? "";
  if (line === "" || /[\p{Cc}\ufffd]/u.test(line)) return undefined;
  const reason = withoutSubject(line, subject);
  return reason.length > mostCharacters ? `${reason.slice(0, mostCharacters - 1)}…` : reason;
}

/** `not found: example.com/m@v1.2.9: invalid version: unknown revision v1.2.9` becomes `unknown revision v1.2.9`. */
function withoutSubject(line: string, subject: FailureSubject | undefined): string {
  const names = subject === undefined ? [] : namesOf(subject);
  const found = names.find((name) => line.includes(`${name}: `));
  const rest =
    found === undefined
      ? line.replace(/^(not found|bad request|gone): /, "")
      : line.slice(line.indexOf(`${found}: `) + found.length + 2);
  return rest.replace(/^invalid version: /, "") || line;
}

function namesOf({ path, version }: FailureSubject): readonly string[] {
  return version === undefined ? [path] : [`${path}@${version}`, path];
}
