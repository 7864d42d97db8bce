// Alarms, and notices to other programs, put together with what they tell about.
import { isVersion } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import { NoticeDelivery } from "./application/deliver-notices.ts";
import type { KeepRecords } from "./application/keep-version.ts";
import { alarms, type RaiseAlarm } from "./application/raise-alarms.ts";
import type { NoticeQueue } from "./domain/notice-queue.ts";
import type { PolicyQuestion } from "./domain/policy/module-policy.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";

/** Disposing of it lets notices wait for the next start. */
export interface OpenedNotices extends AsyncDisposable {
  readonly raise: RaiseAlarm;
  /** The same records; what is kept is told, and what is altered raises an alarm. */
  records(records: KeepRecords): KeepRecords;
  /** To be told what the policy refuses. */
  readonly refused: (question: PolicyQuestion, why: string) => void;
}

export function openNotices(
  settings: { readonly urls: readonly string[]; readonly secret: string },
  parts: {
    readonly queue: NoticeQueue;
    readonly isShared: boolean;
    readonly log: Log;
    readonly metrics: Metrics;
  },
): OpenedNotices {
  const delivery =
    settings.urls.length === 0 ? undefined : new NoticeDelivery({ ...settings, ...parts, post });
  const tell: NoticeDelivery["tell"] = (kind, subject, reason) =>
    delivery?.tell(kind, subject, reason);
  const raise = alarms({ ...parts, tell });
  return {
    raise,
    records: (records) => ({
      remembered: (module) => records.remembered(module),
      begin: (module) => records.begin(module),
      async kept(module, entry) {
        await records.kept(module, entry);
        tell("module.stored", module);
      },
      async dropped(module, failure) {
        await records.dropped(module, failure);
        const isAltered = failure instanceof ProxyFailure && failure.code === "altered_module";
        if (isAltered) raise("altered", module, failure.message);
      },
    }),
    refused({ path, version }, why) {
      if (version !== undefined && isVersion(version)) {
        tell("module.refused", { path, version }, why);
      }
    },
    async [Symbol.asyncDispose]() {
      await delivery?.[Symbol.asyncDispose]();
    },
  };
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
