// The document tree as the control plane serves it.
import type { IncomingMessage } from "node:http";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { DocumentSource, LogSink, StatusSink } from "../../domain/document-source.ts";
import type { SettingsKeySource } from "../../domain/settings-opening.ts";
import { exchange, letGo, type Question, readText, whyNot } from "./plane-exchange.ts";

const answerWithinMs = 10_000;
const silenceMs = 20_000;
const mostDocumentBytes = 16 << 20;
const mostRefusalBytes = 64 << 10;

/** Where the control plane is, and how the machine shows who it is. */
export interface ControlPlane {
  /** Such as `https://stoa.example`. */
  readonly url: string;
  readonly machineToken: string | undefined;
}

/** Reads from a control plane and reports to it. */
export function httpSource(
  plane: ControlPlane,
): DocumentSource & StatusSink & LogSink & SettingsKeySource {
  return {
    keys: async () => {
      const answer = await ask(plane, "settings-keys", { signal: within(undefined) });
      await refuseOthers(plane, answer, 200);
      const { settingsKeys } = JSON.parse(await documentIn(plane, answer));
      if (Array.isArray(settingsKeys)) return settingsKeys.map(String);
      throw unavailable(plane, "it answered with no keys", undefined);
    },
    read: async (path, ifNoneMatch, signal) => {
      const answer = await ask(plane, `tree/${path}`, {
        headers: ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch },
        signal: within(signal),
      });
      if (answer.statusCode === 304 || answer.statusCode === 404) {
        letGo(answer);
        return { status: answer.statusCode === 304 ? "same" : "absent" };
      }
      await refuseOthers(plane, answer, 200);
      const body = await documentIn(plane, answer);
      return { status: "read", body, etag: answer.headers.etag ?? "" };
    },
    open: async (path, signal) => {
      const answer = await askForBytes(plane, `tree/${path}`, signal);
      if (answer.statusCode === 404) {
        letGo(answer);
        return undefined;
      }
      await refuseOthers(plane, answer, 200);
      return flowing(plane, answer);
    },
    send: async (machine, lines, signal) => {
      await tell(plane, `machines/${encodeURIComponent(machine)}/logs`, {
        method: "POST",
        body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
        headers: { "content-type": "application/x-ndjson" },
        signal: within(signal),
      });
    },
    report: async (machine, status, signal) => {
      await tell(plane, `machines/${encodeURIComponent(machine)}/status`, {
        method: "PUT",
        body: status,
        headers: { "content-type": "application/json" },
        signal: within(signal),
      });
    },
  };
}

function within(signal: AbortSignal | undefined): AbortSignal {
  const bound = AbortSignal.timeout(answerWithinMs);
  return signal === undefined ? bound : AbortSignal.any([bound, signal]);
}

/** Only the head of the answer has to come within a while: bytes may take as long as they flow. */
async function askForBytes(
  plane: ControlPlane,
  path: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error("no answer")), answerWithinMs);
  const signals = [late.signal, ...(signal === undefined ? [] : [signal])];
  try {
    return await ask(plane, path, { signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
}

async function tell(plane: ControlPlane, path: string, question: Question): Promise<void> {
  const answer = await ask(plane, path, question);
  await refuseOthers(plane, answer, 200, 204);
  letGo(answer);
}

async function ask(
  plane: ControlPlane,
  path: string,
  question: Question,
): Promise<IncomingMessage> {
  const { url, machineToken } = plane;
  const headers = {
    ...question.headers,
    ...(machineToken === undefined ? {} : { authorization: `Bearer ${machineToken}` }),
  };
  try {
    return await exchange(`${url}/api/v1/${path}`, { ...question, headers });
  } catch (cause) {
    throw unavailable(plane, whyNot(cause), cause);
  }
}

async function refuseOthers(
  plane: ControlPlane,
  answer: IncomingMessage,
  ...expected: readonly number[]
): Promise<void> {
  const { statusCode = 0 } = answer;
  if (expected.includes(statusCode)) return;
  const said = (await readText(answer, mostRefusalBytes).catch(() => "")).trim().slice(0, 300);
  throw unavailable(plane, `it answered ${statusCode}: ${said}`, undefined);
}

async function documentIn(plane: ControlPlane, answer: IncomingMessage): Promise<string> {
  try {
    return await readText(answer, mostDocumentBytes);
  } catch (cause) {
    throw unavailable(plane, whyNot(cause), cause);
  }
}

/** Gives up when nothing has come for a while, however much there is. */
async function* flowing(plane: ControlPlane, answer: IncomingMessage): AsyncIterable<Uint8Array> {
  const waitForMore = (): NodeJS.Timeout =>
    setTimeout(() => answer.destroy(new Error("the transfer stands still")), silenceMs);
  let timer = waitForMore();
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield chunk;
      timer = waitForMore();
    }
  } catch (cause) {
    throw unavailable(plane, whyNot(cause), cause);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable({ url }: ControlPlane, why: string, cause: unknown): AgentFailure {
  return new AgentFailure(
    "source_unavailable",
    `the control plane ${url} cannot be asked: ${why}`,
    cause,
  );
}
