// The pages for programs: what is kept, what came when, and what the policy decides.
import { InvalidText } from "@stoa/gomod";
import type { Explanation } from "../domain/policy/explanation.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import { indexTimeText, parseIndexTime, type VersionIndex } from "../domain/version-index.ts";
import { administratorsOnly } from "./administrators-only.ts";
import { type Answer, momentary } from "./answer.ts";
import type { RecordName } from "./module-request.ts";

/** What the pages tell about. */
export interface RecordParts {
  readonly catalog: VersionCatalog;
  /** `undefined` where no index is kept. */
  readonly index: VersionIndex | undefined;
  /** Explains `example.com/m@v1.0.0`; `undefined` where administrators are not served. */
  readonly explain: ((module: string) => Explanation) | undefined;
}

/** Athens' page sizes, and what is given out at most at once. */
const catalogSize = { usual: 1000, most: 10_000 };
const indexSize = { usual: 2000, most: 100_000 };

/** Answers a request for a page. `query` is what stood behind the question mark. Rejects with a `ProxyFailure`. */
export function answerRecord(page: RecordName, query: string, parts: RecordParts): Promise<Answer> {
  const parameters = new URLSearchParams(query);
  switch (page) {
    case "catalog":
      return answerCatalog(parameters, parts.catalog);
    case "index":
      return answerIndex(parameters, parts.index);
    case "api/modules/explain":
      return answerExplain(parameters, parts.explain);
  }
}

/** Authority: gomods/athens, pkg/download/catalog; but sizes are positive, and a bad one is a bad request. */
async function answerCatalog(
  parameters: URLSearchParams,
  catalog: VersionCatalog,
): Promise<Answer> {
  const size = sizeIn(parameters, "pagesize", catalogSize);
  const { modules, next } = await catalog.page(parameters.get("token") || undefined, size);
  const listed = modules.map(({ path, version }) => ({ module: path, version }));
  return json(`${JSON.stringify({ modules: listed, next })}\n`);
}

/** Authority: index.golang.org, and gomods/athens, pkg/index. */
async function answerIndex(
  parameters: URLSearchParams,
  index: VersionIndex | undefined,
): Promise<Answer> {
  const limit = sizeIn(parameters, "limit", indexSize);
  const written = parameters.get("since") || "1970-01-01T00:00:00Z";
  // A plus sign that was not escaped has become a space.
  const since = parseIndexTime(written.replace(" ", "+"));
  if (since === undefined) {
    throw bad(`since=${written} is no time in RFC 3339, such as 2026-01-02T03:04:05Z`);
  }
  const entries = (await index?.since(since, limit)) ?? [];
  const lines = entries.map(({ module, atMicros }) =>
    JSON.stringify({
      Path: module.path,
      Version: module.version,
      Timestamp: indexTimeText(atMicros),
    }),
  );
  return json(lines.map((line) => `${line}\n`).join(""));
}

async function answerExplain(
  parameters: URLSearchParams,
  explain: RecordParts["explain"],
): Promise<Answer> {
  if (explain === undefined) {
    throw administratorsOnly();
  }
  const module = parameters.get("module");
  if (!module) throw bad("name a module: ?module=example.com/m@v1.0.0");
  try {
    return json(`${JSON.stringify(explain(module), null, 2)}\n`);
  } catch (failure) {
    if (failure instanceof InvalidText) throw bad(failure.message);
    throw failure;
  }
}

function sizeIn(
  parameters: URLSearchParams,
  name: string,
  { usual, most }: { readonly usual: number; readonly most: number },
): number {
  const text = parameters.get(name) || `${usual}`;
  if (!/^\+?[0-9]{1,15}$/.test(text) || Number(text) === 0) {
    throw bad(`${name}=${text} is not a whole number above zero`);
  }
  return Math.min(Number(text), most);
}

function json(text: string): Answer {
  return {
    body: { form: "bytes", bytes: Buffer.from(text) },
    contentType: "application/json; charset=utf-8",
    freshness: momentary,
    cache: "none",
    from: undefined,
  };
}

function bad(message: string): ProxyFailure {
  return new ProxyFailure("bad_request", message);
}
