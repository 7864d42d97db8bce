// The pages that are posted to: seeding, renewing, registering, and the hooks of the hosts of repositories.
import type { IncomingMessage } from "node:http";
import type { VersionSeeding } from "../application/seed-versions.ts";
import type { KeepLists } from "../domain/keep-lists.ts";
import { administratorsOnly } from "./administrators-only.ts";
import type { Answer } from "./answer.ts";
import type { HookHost } from "./hook-signatures.ts";
import { answerKeep } from "./keep-answer.ts";
import type { ModuleRequest, OrderName } from "./module-request.ts";
import type { PushRequests } from "./push-requests.ts";
import { answerSeed } from "./seed-answer.ts";

/** Who carries orders out. */
export interface OrderParts {
  /** Answers those who tell of something new. */
  readonly pushes: PushRequests;
  readonly seeding: VersionSeeding;
  readonly keepLists: KeepLists;
  /** Whether administrators are served. */
  readonly adminApi: boolean;
}

/** Whether an order is taken from administrators alone; hooks are signed by who sends them. */
export function isForAdministrators(page: OrderName): boolean {
  return !page.startsWith("api/hooks/");
}

/** Carries an order out. Rejects with a `ProxyFailure`, or turns the sender back. */
export async function answerOrder(
  { page, query }: ModuleRequest & { readonly kind: "order" },
  request: IncomingMessage,
  { pushes, seeding, keepLists, adminApi }: OrderParts,
  signal: AbortSignal,
): Promise<Answer> {
  if (isForAdministrators(page) && !adminApi) throw administratorsOnly();
  switch (page) {
    case "api/modules/seed":
      return answerSeed(request, seeding, signal);
    case "api/modules/keep":
      return answerKeep(request, query, keepLists);
    case "api/modules/refresh":
      return pushes.plain(query, request, signal);
    default:
      return pushes.hook(page.slice("api/hooks/".length) as HookHost, query, request, signal);
  }
}
