// Whether a version could be fetched again if it were removed now.
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { AppliedPolicy } from "./apply-policy.ts";
import type { UpstreamWatch } from "./watch-upstream.ts";

/** The answer, with a sentence where it is no. */
export type Refetch =
  | { readonly answer: "yes" }
  | { readonly answer: "no" | "unknown"; readonly why: string };

/** Asks before anything is removed that may be the last copy. */
export class RefetchCheck {
  readonly #policy: Pick<AppliedPolicy, "decide" | "isOffline">;
  readonly #watch: Pick<UpstreamWatch, "ask">;

  constructor(parts: {
    readonly policy: Pick<AppliedPolicy, "decide" | "isOffline">;
    readonly watch: Pick<UpstreamWatch, "ask">;
  }) {
    this.#policy = parts.policy;
    this.#watch = parts.watch;
  }

  /** Asks its upstream now, if the policy would. Rejects with `store_unavailable`, or the signal's reason. */
  async ask(module: ModuleVersion, signal: AbortSignal): Promise<Refetch> {
    if (this.#policy.isOffline) {
      return { answer: "unknown", why: "this proxy is offline (NetworkMode), and can ask nobody" };
    }
    try {
      const { decision } = await this.#policy.decide({ endpoint: "zip", ...module }, signal);
      const { action } = decision.onMiss;
      if (action !== "fetch" && action !== "queue") {
        return { answer: "no", why: "the policy would not let it be fetched again" };
      }
      switch (await this.#watch.ask(module, signal)) {
        case "same":
          return { answer: "yes" };
        case "moved":
          return {
            answer: "no",
            why: "its tag was moved: what came again would be something else",
          };
        case "altered":
          return { answer: "no", why: "its upstream has other bytes for it now" };
        case "vanished":
          return { answer: "no", why: "its upstream has it no more" };
      }
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof ProxyFailure) || failure.code === "store_unavailable") throw failure;
      return { answer: failure.code === "refused" ? "no" : "unknown", why: failure.message };
    }
  }
}
