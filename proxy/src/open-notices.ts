// Notices to other programs, put together with what they tell about.
import { isVersion, type ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import { NoticeDelivery } from "./application/deliver-notices.ts";
import type { KeepRecords } from "./application/keep-version.ts";
import type { NoticeQueue } from "./domain/notice-queue.ts";
import type { PolicyQuestion } from "./domain/policy/module-policy.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";

/** Disposing of it lets notices wait for the next start. */
interface OpenedNotices extends AsyncDisposable {
  /** The same records; what is kept, and what is altered, is told. */
  records(records: KeepRecords): KeepRecords;
  /** To be told what the policy refuses. */
  readonly refused: (question: PolicyQuestion, why: string) => void;
}

export function openNotices(
  settings: { readonly urls: readonly string[]; readonly secret: string },
  { queue, log }: { readonly queue: NoticeQueue; readonly log: Log },
): OpenedNotices {
  if (settings.urls.length === 0) {
    return {
      records: (records) => records,
      refused: () => undefined,
      async [Symbol.asyncDispose]() {},
    };
  }
  const delivery = new NoticeDelivery({ ...settings, queue, log, post });
  return {
    records: (records) => ({
      begin: (module) => records.begin(module),
      async kept(module, entry) {
        await records.kept(module, entry);
        delivery.tell("module.stored", module);
      },
      async dropped(module, failure) {
        await records.dropped(module, failure);
        tellAltered(delivery, module, failure);
      },
    }),
    refused({ path, version }, why) {
      if (version !== undefined && isVersion(version)) {
        delivery.tell("module.refused", { path, version }, why);
      }
    },
    [Symbol.asyncDispose]: () => delivery[Symbol.asyncDispose](),
  };
}

function tellAltered(delivery: NoticeDelivery, module: ModuleVersion, failure: unknown): void {
  if (failure instanceof ProxyFailure && failure.code === "altered_module") {
    delivery.tell("module.altered", module, failure.message);
  }
}

/** A redirect is no delivery: the address is to be put right. */
async function post(
  address: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  const answer = await fetch(address, {
    method: "POST",
    headers,
    body,
    signal,
    redirect: "manual",
  });
  await answer.body?.cancel();
  return answer.status;
}
