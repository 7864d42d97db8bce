// The pages about the proxy itself: is it well, which version, what to paste.
import type { Metrics } from "@stoa/telemetry";
import { type Answer, momentary, shortLived } from "./answer.ts";
import { homePage } from "./home-page.ts";
import type { PageName } from "./module-request.ts";

/** What the pages tell about. */
export interface PageParts {
  readonly metrics: Metrics;
  readonly version: string;
  /** Where the proxy is mounted: "" or "/a/b". */
  readonly prefix: string;
  /** Resolves if the store can be used, rejects with a `ProxyFailure` if not. */
  readonly checkStore: () => Promise<void>;
}

const dayMs = 86_400_000;

/** Answers requests for pages. `origin` is how the client reached this server: scheme, host and port. */
export async function answerPage(
  page: PageName,
  origin: string,
  parts: PageParts,
): Promise<Answer> {
  switch (page) {
    case "home":
      return text(homePage(`${origin}${parts.prefix}`), "text/html; charset=utf-8");
    case "healthz":
      return text("ok\n");
    case "readyz":
      await parts.checkStore();
      return text("ok\n");
    case "version":
      return text(
        `${JSON.stringify({ version: parts.version })}\n`,
        "application/json; charset=utf-8",
      );
    case "metrics":
      return text(await parts.metrics.text(), parts.metrics.contentType);
    case "robots.txt":
      return {
        ...text("User-agent: *\nDisallow: /\n"),
        freshness: shortLived(dayMs, 0, false),
      };
  }
}

function text(body: string, contentType = "text/plain; charset=utf-8"): Answer {
  return {
    body: { form: "bytes", bytes: Buffer.from(body) },
    contentType,
    freshness: momentary,
    cache: "none",
    from: undefined,
  };
}
