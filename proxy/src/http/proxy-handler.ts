// One request from its first byte to its line in the log.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Sent, sendPrepared, sendText } from "@stoa/serving";
import type { Log, Span, Traces } from "@stoa/telemetry";
import type { DatabaseMirror } from "../application/mirror-databases.ts";
import { requestContext } from "../application/request-context.ts";
import { checkHops, hopsHeader, parseHops } from "../domain/hops.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { admit } from "./admission.ts";
import type { Answer, CacheResult } from "./answer.ts";
import { AnswerSender, forbidsFetching } from "./answer-sender.ts";
import type { ExternalRequest } from "./external-request.ts";
import type { ExternalStorage } from "./external-storage.ts";
import { failureAnswer } from "./failure-answer.ts";
import { type Gate, type TurnedAway, TurnedBack } from "./gate.ts";
import type { HotAnswers } from "./hot-answers.ts";
import type { ModuleAnswers } from "./module-answers.ts";
import { type ModuleRequest, parseModuleRequest } from "./module-request.ts";
import { answerOrder, type OrderParts } from "./order-answers.ts";
import { answerPage, type PageParts } from "./page-answers.ts";
import type { ReadyAnswer } from "./ready-answer.ts";
import { answerRecord, type RecordParts } from "./record-answers.ts";
import type { RequestCounters } from "./request-counters.ts";
import { labelOf, malformed, type RequestLabel } from "./request-label.ts";
import { originOf } from "./request-origin.ts";
import { endSpan, traceparentOf } from "./request-span.ts";
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
  readonly orders: OrderParts;
  /** Present where another program may keep its modules here. */
  readonly external: ExternalStorage | undefined;
  /** Is told which modules are asked for. */
  readonly uses: { count(path: string, isList: boolean, version?: string): void };
  readonly hot: HotAnswers<ReadyAnswer>;
  readonly counters: RequestCounters;
  readonly log: Log;
  /** Absent where nothing is traced. */
  readonly traces: Traces | undefined;
  /** Gives a request its id: the client's, or a new one. */
  readonly requestId: (request: IncomingMessage) => string;
  /** This instance's own name among the hops of a request. */
  readonly ownHop: string;
  /** How long what may change holds. */
  readonly lifetimeMs: number;
  /** How long clients may remember that something does not exist. */
  readonly absenceSeconds: number;
}

/** A request that is worked on. */
interface Work {
  readonly id: string;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
  readonly span: Span | undefined;
  /** Known as soon as the URL has been understood. */
  label: RequestLabel;
}

/** What is known about a request when it is over. */
interface Outcome {
  readonly label: RequestLabel;
  readonly sent: Sent;
  readonly cache: CacheResult;
  readonly from: string | undefined;
}

const requestIdHeader = "Athens-Request-ID";

/** Answers every request that reaches the proxy. */
export class ProxyHandler {
  readonly #parts: HandlerParts;
  readonly #sender: AnswerSender;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
    this.#sender = new AnswerSender(parts);
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
    const span = this.#parts.traces?.ofRequest(traceparentOf(request), startedMs);
    const sent = sendPrepared(request, response, prepared, [requestIdHeader, id]);
    this.#count(label);
    if (span !== undefined) endSpan(span, request, id, { label, sent, cache: "hit" });
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
    const { counters, traces } = this.#parts;
    const id = this.#parts.requestId(request);
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new Error("the client has left"));
    });
    const span = traces?.ofRequest(traceparentOf(request), startedMs);
    const work: Work = { id, signal: gone.signal, span, label: malformed };
    let outcome: Outcome;
    counters.inFlight += 1;
    response.setHeader(requestIdHeader, id);
    try {
      outcome = await this.#outcome(request, response, work);
    } catch (failure) {
      outcome = this.#refuse(response, failure, work);
    } finally {
      counters.inFlight -= 1;
    }
    if (span !== undefined) endSpan(span, request, id, outcome);
    this.#record(request, id, outcome, startedMs);
  }

  async #outcome(request: IncomingMessage, response: ServerResponse, work: Work): Promise<Outcome> {
    const { generation } = this.#parts.hot;
    const parsed = this.#parse(request);
    const label = labelOf(parsed);
    work.label = label;
    admit(parsed, request, this.#parts.adminGate);
    if (parsed.kind !== "page") checkHops(hopsOf(request), this.#parts.ownHop);
    const context = { hops: hopsOf(request), span: work.span };
    const answer = await requestContext.run(context, () =>
      this.#answer(parsed, request, work.signal),
    );
    const sent = await this.#sender.send(request, response, answer, { label, generation });
    if (sent.failure !== undefined) {
      this.#logFailure(sent.failure, 500, "transfer broken off", work.id);
    }
    this.#count(label);
    return { label, sent, cache: answer.cache, from: answer.from };
  }

  #count({ module, endpoint, version }: RequestLabel): void {
    if (module !== undefined) this.#parts.uses.count(module, endpoint === "list", version);
  }

  #parse({ url = "/" }: IncomingMessage): ModuleRequest | ExternalRequest {
    return this.#parts.external?.parse(url) ?? parseModuleRequest(url, this.#parts.pages.prefix);
  }

  async #answer(
    parsed: ModuleRequest | ExternalRequest,
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { pages, records, orders, external, answers } = this.#parts;
    switch (parsed.kind) {
      case "external":
        if (external === undefined) throw new Error("there is no external storage");
        return external.answer(parsed, request, signal);
      case "page":
        return answerPage(parsed.page, originOf(request), pages);
      case "record":
        return answerRecord(parsed.page, parsed.query, records);
      case "order":
        return answerOrder(parsed, request, orders, signal);
      case "sumdb":
        return answerSumdb(parsed, wishOf(parsed, request), this.#parts, signal);
      default:
        return answers.answer(parsed, wishOf(parsed, request), signal);
    }
  }

  #refuse(response: ServerResponse, failure: unknown, { id, label, signal }: Work): Outcome {
    if (signal.aborted || response.headersSent) {
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

/** What the log says when nobody was there to be answered; the number is nginx's. */
const clientHasLeft = 499;

function wishOf(
  { keptOnly }: { readonly keptOnly: boolean },
  request: IncomingMessage,
): { readonly keptOnly: boolean; readonly canFollow: boolean } {
  return {
    keptOnly: keptOnly || forbidsFetching(request),
    canFollow: request.method === "GET" && request.headers.range === undefined,
  };
}

function hopsOf(request: IncomingMessage): readonly string[] {
  const header = request.headers[hopsHeader.toLowerCase()];
  return parseHops(Array.isArray(header) ? header.join(",") : header);
}
