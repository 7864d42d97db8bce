// With which methods, and by whom, each kind of request may come.
import type { IncomingMessage } from "node:http";
import type { ExternalRequest } from "./external-request.ts";
import { type Gate, TurnedBack } from "./gate.ts";
import type { ModuleRequest } from "./module-request.ts";
import { isForAdministrators } from "./order-answers.ts";

const reading = ["GET", "HEAD"];

/** Turns a request back that comes by the wrong method, or from somebody who is no administrator for a page of theirs. */
export function admit(
  parsed: ModuleRequest | ExternalRequest,
  request: IncomingMessage,
  adminGate: Gate | undefined,
): void {
  const methods = methodsOf(parsed);
  if (!methods.includes(request.method ?? "")) throw wrongMethod(methods);
  const turnedAway = isAdministration(parsed) ? adminGate?.(request) : undefined;
  if (turnedAway !== undefined) throw new TurnedBack(turnedAway);
}

/** The methods with which a request may come. */
function methodsOf(parsed: ModuleRequest | ExternalRequest): readonly string[] {
  if (parsed.kind === "order") {
    return parsed.page === "api/modules/keep" ? [...reading, "POST", "DELETE"] : ["POST"];
  }
  if (parsed.kind !== "external") return reading;
  switch (parsed.operation) {
    case "save":
      return ["POST"];
    case "delete":
      return ["DELETE"];
    default:
      return reading;
  }
}

function isAdministration(parsed: ModuleRequest | ExternalRequest): boolean {
  if (parsed.kind === "order") return isForAdministrators(parsed.page);
  return parsed.kind === "record" && parsed.page.startsWith("api/");
}

function wrongMethod(allowed: readonly string[]): TurnedBack {
  return new TurnedBack({
    status: 405,
    sentence: `method not allowed: only ${allowed.join(" and ")} are answered here`,
    headers: ["Allow", allowed.join(", "), "Cache-Control", "no-store"],
  });
}
