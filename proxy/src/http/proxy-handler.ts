// One request from its first byte to its line in the log.
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type PreparedBytes,
  prepareBytes,
  type Sent,
  sendFile,
  sendGrowing,
  sendPrepared,
  sendText,
} from "@stoa/serving";
import type { Log } from "@stoa/telemetry";
import type { DatabaseMirror } from "../application/mirror-databases.ts";
import { requestHops } from "../application/request-hops.ts";
import type { VersionSeeding } from "../application/seed-versions.ts";
import { checkHops, hopsHeader, parseHops } from "../domain/hops.ts";
import type { KeepLists } from "../domain/keep-lists.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import {
  type Answer,
  type AnswerBody,
  type CacheResult,
  etagOfBytes,
  etagOfFile,
  type Freshness,
  headersOf,
} from "./answer.ts";
import type { ExternalRequest } from "./external-request.ts";
import type { ExternalStorage } from "./external-storage.ts";
import { failureAnswer } from "./failure-answer.ts";
import type { Gate, TurnedAway } from "./gate.ts";
import type { HotAnswers } from "./hot-answers.ts";
import { answerKeep } from "./keep-answer.ts";
import type { ModuleAnswers } from "./module-answers.ts";
import { type ModuleRequest, methodsOf, parseModuleRequest } from "./module-request.ts";
import { answerPage, type PageParts } from "./page-answers.ts";
import { type PushRequests, pushMethod } from "./push-requests.ts";
import { answerRecord, type RecordParts } from "./record-answers.ts";
import type { RequestCounters, RequestSeries } from "./request-counters.ts";
import { originOf } from "./request-origin.ts";
import { answerSeed } from "./seed-answer.ts";
import { answerSumdb } from "./sumdb-answers.ts";

/** What the handler is made of. */
export interface HandlerParts {
  /** Looks at every request first, where there is anything to ask. */
  readonly gate: Gate | undefined;
  /** Looks at requests for the pages of administrators as well. */
  readonly adminGate: Gate | undefined;
  readonly answers: ModuleAnswers;
  readonly mirror: DatabaseMirror;
  readonly pages: PageParts;
  readonly records: RecordParts;
  /** Present where another program may keep its modules here. */
  readonly external: ExternalStorage | undefined;
  /** Answers those who tell of something new. */
  readonly pushes: PushRequests;
  /** Is told which modules are asked for. */
  readonly uses: { count(path: string, isList: boolean, version?: string): void };
  /** Absent where administrators are not served. */
  readonly seed: VersionSeeding | undefined;
  /** The same. */
  readonly keepLists: KeepLists | undefined;
  readonly hot: HotAnswers<ReadyAnswer>;
  readonly counters: RequestCounters;
  readonly log: Log;
  /** Gives a request its id: the client's, or a new one. */
  readonly requestId: (request: IncomingMessage) => string;
  /** This instance's own name among the hops of a request. */
  readonly ownHop: string;
  /** How long what may change holds. */
  readonly lifetimeMs: number;
  /** How long clients may remember that something does not exist. */
  readonly absenceSeconds: number;
}

/** What a request was, for the log and the counters. */
interface RequestLabel {
  readonly endpoint: string;
  readonly module: string | undefined;
  readonly version: string | undefined;
}

/** An answer to GET that can be sent, logged and counted without further thought. */
export interface ReadyAnswer {
  readonly prepared: PreparedBytes;
  readonly label: RequestLabel;
  readonly log: (ms: number, id: string) => void;
  readonly series: RequestSeries;
}

/** What is known about a request when it is over. */
interface Outcome {
  readonly label: RequestLabel;
  readonly sent: Sent;
  readonly cache: CacheResult;
  readonly from: string | undefined;
}

const requestIdHeader = "Athens-Request-ID";
const malformed: RequestLabel = { endpoint: "malformed", module: undefined, version: undefined };

/** Answers every request that reaches the proxy. */
export class ProxyHandler {
  readonly #parts: HandlerParts;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  /** The function to give to a server. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const startedMs = performance.now();
    const turnedAway = this.#parts.gate?.(request);
    if (turnedAway !== undefined) {
      this.#turnAway(request, response, turnedAway, startedMs);
      return;
    }
    const hot = this.#parts.hot.get(request.url ?? "");
    if (
      hot !== undefined &&
      (request.method === "GET" || request.method === "HEAD") &&
      (hot.immutable || !forbidsFetching(request))
    ) {
      this.#sendHot(request, response, hot.sendable, startedMs);
      return;
    }
    void this.#work(request, response, startedMs);
  };

  #turnAway(
    request: IncomingMessage,
    response: ServerResponse,
    { endpoint, status, sentence, headers }: TurnedAway,
    startedMs: number,
  ): void {
    const id = this.#parts.requestId(request);
    const sent = sendText(response, status, sentence, [...headers, requestIdHeader, id]);
    const label = { endpoint, module: undefined, version: undefined };
    this.#record(request, id, { label, sent, cache: "none", from: undefined }, startedMs);
  }

  #sendHot(
    request: IncomingMessage,
    response: ServerResponse,
    ready: ReadyAnswer,
    startedMs: number,
  ): void {
    const { prepared, label, series } = ready;
    const id = this.#parts.requestId(request);
    const sent = sendPrepared(request, response, prepared, [requestIdHeader, id]);
    this.#count(label);
    if (sent.status === 200 && sent.completed && request.method === "GET") {
      series.requests += 1;
      series.bytes += sent.bytes;
      ready.log(performance.now() - startedMs, id);
    } else {
      this.#record(request, id, { label, sent, cache: "hit", from: undefined }, startedMs);
    }
  }

  async #work(
    request: IncomingMessage,
    response: ServerResponse,
    startedMs: number,
  ): Promise<void> {
    const { counters } = this.#parts;
    const id = this.#parts.requestId(request);
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new Error("the client has left"));
    });
    let label = malformed;
    let outcome: Outcome;
    counters.inFlight += 1;
    response.setHeader(requestIdHeader, id);
    try {
      outcome = await this.#outcome(request, response, {
        id,
        signal: gone.signal,
        know: (known) => {
          label = known;
        },
      });
    } catch (failure) {
      outcome = this.#refuse(response, failure, { id, label, gone: gone.signal.aborted });
    } finally {
      counters.inFlight -= 1;
    }
    this.#record(request, id, outcome, startedMs);
  }

  /** Answers a request. `know` is told what it is as soon as that is known. */
  async #outcome(
    request: IncomingMessage,
    response: ServerResponse,
    known: {
      readonly id: string;
      readonly signal: AbortSignal;
      readonly know: (label: RequestLabel) => void;
    },
  ): Promise<Outcome> {
    const { id, signal, know } = known;
    const { generation } = this.#parts.hot;
    const push = this.#parts.pushes.kindOf(request.url ?? "");
    if (push !== undefined) {
      const label = { ...malformed, endpoint: push === "refresh" ? push : "hook" };
      know(label);
      const sent = await this.#push(push, request, response, signal);
      return { label, sent, cache: "none", from: undefined };
    }
    const parsed = this.#parse(request);
    const label = labelOf(parsed);
    know(label);
    const answer = await this.#answer(parsed, request, signal);
    const sent = await this.#send(request, response, answer, { label, generation });
    if (sent.failure !== undefined) this.#logFailure(sent.failure, 500, "transfer broken off", id);
    this.#count(label);
    return { label, sent, cache: answer.cache, from: answer.from };
  }

  /** Does what a hook says before it is answered. */
  async #push(
    push: NonNullable<ReturnType<PushRequests["kindOf"]>>,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<Sent> {
    if (request.method !== "POST") throw new TurnedBack(pushMethod);
    const turnedAway = push === "refresh" ? this.#parts.adminGate?.(request) : undefined;
    if (turnedAway !== undefined) throw new TurnedBack(turnedAway);
    const { status, text, headers } = await this.#parts.pushes.answer(push, request, signal);
    return sendText(response, status, text, headers);
  }

  #count({ module, endpoint, version }: RequestLabel): void {
    if (module !== undefined) this.#parts.uses.count(module, endpoint === "list", version);
  }

  #parse(request: IncomingMessage): ModuleRequest | ExternalRequest {
    const { url = "/", method = "" } = request;
    const { external } = this.#parts;
    const methods = external?.methods(url);
    const allowed = methods ?? methodsOf(url, this.#parts.pages.prefix);
    if (!allowed.includes(method)) throw new TurnedBack(wrongMethod(allowed));
    if (external !== undefined && methods !== undefined) return external.parse(url);
    const parsed = parseModuleRequest(url, this.#parts.pages.prefix);
    if (parsed.kind === "record" && parsed.page.startsWith("api/")) {
      const turnedAway = this.#parts.adminGate?.(request);
      if (turnedAway !== undefined) throw new TurnedBack(turnedAway);
    }
    if (parsed.kind !== "page") checkHops(hopsOf(request), this.#parts.ownHop);
    return parsed;
  }

  async #answer(
    parsed: ModuleRequest | ExternalRequest,
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (parsed.kind === "external") {
      if (this.#parts.external === undefined) throw new Error("there is no external storage");
      return this.#parts.external.answer(parsed, request, signal);
    }
    if (parsed.kind === "page")
      return answerPage(parsed.page, originOf(request), this.#parts.pages);
    if (parsed.kind === "record") {
      const { page, query } = parsed;
      if (page === "api/modules/seed") return answerSeed(request, this.#parts.seed, signal);
      if (page === "api/modules/keep") return answerKeep(request, query, this.#parts.keepLists);
      return answerRecord(page, query, this.#parts.records);
    }
    const wish = {
      keptOnly: parsed.keptOnly || forbidsFetching(request),
      canFollow: request.method === "GET" && request.headers.range === undefined,
    };
    return requestHops.run(hopsOf(request), () =>
      parsed.kind === "sumdb"
        ? answerSumdb(parsed, wish, this.#parts, signal)
        : this.#parts.answers.answer(parsed, wish, signal),
    );
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    known: { readonly label: RequestLabel; readonly generation: number },
  ): Promise<Sent> {
    const { body, contentType, freshness } = answer;
    if (body.form === "redirect") return sendRedirect(response, body, freshness);
    const headers = headersOf(contentType, freshness);
    if (body.form === "stored") {
      const { file } = body;
      return sendFile(
        request,
        response,
        {
          size: file.size,
          etag: etagOfFile(file.size, file.modified),
          modified: file.modified,
          read: (position, into) => file.read(position, into),
          close: async () => file[Symbol.asyncDispose](),
        },
        headers,
      );
    }
    if (body.form === "arriving") {
      const { size, modified } = body.zip;
      if (size !== undefined) headers.push("ETag", etagOfFile(size, modified));
      return sendGrowing(request, response, { size, headers, body: body.zip.body() });
    }
    return this.#sendBytes(request, response, { ...answer, ...known, bytes: body.bytes });
  }

  /** Sends bytes that are at hand, and remembers them for the next request of the same kind. */
  #sendBytes(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Omit<Answer, "body"> & {
      readonly bytes: Uint8Array;
      readonly label: RequestLabel;
      readonly generation: number;
    },
  ): Sent {
    const { bytes, contentType, freshness, label, generation } = answer;
    const etag = etagOfBytes(bytes);
    const prepare = (ageMs: number | undefined): PreparedBytes =>
      prepareBytes(bytes, { etag, headers: headersOf(contentType, { ...freshness, ageMs }) });
    const { log, counters, hot } = this.#parts;
    const isReusable =
      freshness.reusableForMs === Number.POSITIVE_INFINITY || !forbidsFetching(request);
    if (isReusable && generation === hot.generation) {
      const target = request.url ?? "";
      const line = { path: target, module: label.module, version: label.version, cache: "hit" };
      const alike = { ...line, method: "GET", status: 200, bytes: bytes.length };
      const fixed = {
        label,
        log: log.requestsLike(alike),
        series: counters.series(label.endpoint, 200, "hit"),
      };
      const make = (ageMs: number | undefined) => ({ ...fixed, prepared: prepare(ageMs) });
      hot.set(target, { make, freshness, sizeBytes: bytes.length });
    }
    return sendPrepared(request, response, prepare(freshness.ageMs));
  }

  #refuse(
    response: ServerResponse,
    failure: unknown,
    known: { readonly id: string; readonly label: RequestLabel; readonly gone: boolean },
  ): Outcome {
    const { id, label } = known;
    if (known.gone || response.headersSent) {
      response.destroy();
      const sent = { status: clientHasLeft, bytes: 0, completed: false };
      return { label, sent, cache: "none", from: undefined };
    }
    if (failure instanceof TurnedBack) {
      const { status, sentence, headers } = failure.answer;
      const sent = sendText(response, status, sentence, headers);
      return { label, sent, cache: "none", from: undefined };
    }
    const answer = failureAnswer(failure, {
      absenceSeconds: this.#parts.absenceSeconds,
      requestId: id,
      isBrought: label.endpoint === "external",
    });
    this.#logFailure(failure, answer.status, answer.sentence, id);
    const sent = sendText(response, answer.status, answer.sentence, answer.headers);
    return { label, sent, cache: "none", from: undefined };
  }

  #logFailure(failure: unknown, status: number, sentence: string, id: string): void {
    const { log } = this.#parts;
    if (!(failure instanceof ProxyFailure)) log.error("bug", { id, error: failure });
    else if (status >= 500) log.warn(sentence, { id, code: failure.code, error: failure });
    else log.debug(sentence, { id, code: failure.code });
  }

  #record(request: IncomingMessage, id: string, outcome: Outcome, startedMs: number): void {
    const { label, sent, cache, from } = outcome;
    this.#parts.counters.count(label.endpoint, sent.status, cache, sent.bytes);
    this.#parts.log.request({
      method: request.method ?? "",
      path: request.url ?? "",
      module: label.module,
      version: label.version,
      status: sent.status,
      bytes: sent.bytes,
      ms: performance.now() - startedMs,
      cache,
      upstream: from,
      id,
    });
  }
}

function sendRedirect(
  response: ServerResponse,
  { location, status }: AnswerBody & { form: "redirect" },
  { cacheControl }: Freshness,
): Sent {
  return sendText(response, status, `this module is to be had from ${location}`, [
    ...["Location", location],
    ...["Cache-Control", cacheControl],
  ]);
}

/** What the log says when nobody was there to be answered; the number is nginx's. */
const clientHasLeft = 499;

/** A request that is answered without being understood: by its method, or by who sends it. */
class TurnedBack extends Error {
  readonly answer: Omit<TurnedAway, "endpoint">;

  constructor(answer: Omit<TurnedAway, "endpoint">) {
    super(answer.sentence);
    this.answer = answer;
  }
}

function wrongMethod(allowed: readonly string[]): Omit<TurnedAway, "endpoint"> {
  return {
    status: 405,
    sentence: `method not allowed: only ${allowed.join(" and ")} are answered here`,
    headers: ["Allow", allowed.join(", "), "Cache-Control", "no-store"],
  };
}

function hopsOf(request: IncomingMessage): readonly string[] {
  const header = request.headers[hopsHeader.toLowerCase()];
  return parseHops(Array.isArray(header) ? header.join(",") : header);
}

/** The public mirror's convention: answer from what is kept, fetch nothing. */
function forbidsFetching(request: IncomingMessage): boolean {
  return request.headers["disable-module-fetch"] === "true";
}

function labelOf(request: ModuleRequest | ExternalRequest): RequestLabel {
  switch (request.kind) {
    case "external": {
      const asked = request.operation === "list" ? { path: request.path } : request.module;
      const version = "version" in asked ? asked.version : undefined;
      return { endpoint: "external", module: asked.path, version };
    }
    case "page":
    case "record":
      return { endpoint: request.page, module: undefined, version: undefined };
    case "sumdb": {
      const { question } = request;
      const module = question.kind === "lookup" ? question.module : undefined;
      return { endpoint: "sumdb", module: module?.path, version: module?.version };
    }
    case "file":
      return { endpoint: request.file, module: request.path, version: request.version };
    default:
      return { endpoint: request.kind, module: request.path, version: undefined };
  }
}
