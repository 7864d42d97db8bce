// The pages about the proxy itself: is it well, which version, what to paste.
import type { Metrics } from "@stoa/telemetry";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type Answer, momentary, shortLived } from "./answer.ts";
import { homePage } from "./home-page.ts";
import { renderHome } from "./home-template.ts";
import type { PageName } from "./module-request.ts";

/** What the pages tell about. */
export interface PageParts {
  readonly metrics: Metrics;
  readonly version: string;
  /** Where the proxy is mounted: "" or "/a/b". */
  readonly prefix: string;
  /** Resolves if the store can be used, rejects with a `ProxyFailure` if not. */
  readonly checkStore: () => Promise<void>;
  /** False if /metrics is switched off. */
  readonly showsMetrics: boolean;
  /** The operator's own pages, read when they are asked for; undefined where there is none. */
  readonly homeTemplate: () => Promise<string | undefined>;
  readonly robots: () => Promise<string | undefined>;
  /** Shown by an operator's home page. */
  readonly noSumPatterns: readonly string[];
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
      return text(await home(origin, parts), "text/html; charset=utf-8");
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
      if (!parts.showsMetrics) {
        throw new ProxyFailure("not_found", "metrics are switched off by StatsExporter");
      }
      return text(await parts.metrics.text(), parts.metrics.contentType);
    case "robots.txt":
      return {
        ...text((await parts.robots()) ?? "User-agent: *\nDisallow: /\n"),
        // Robots may keep it for a day; here the file is looked at each time.
        freshness: { ...shortLived(dayMs, 0, false), reusableForMs: 0 },
      };
  }
}

async function home(origin: string, parts: PageParts): Promise<string> {
  const template = await parts.homeTemplate();
  if (template === undefined) return homePage(`${origin}${parts.prefix}`);
  return renderHome(template, { Host: origin, NoSumPatterns: parts.noSumPatterns.join(",") });
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
