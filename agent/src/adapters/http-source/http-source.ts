// The document tree as the control plane serves it.
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { DocumentSource, LogSink, StatusSink } from "../../domain/document-source.ts";
import type { SettingsKeySource } from "../../domain/settings-opening.ts";

const answerWithinMs = 10_000;
const silenceMs = 20_000;
const mostDocumentBytes = 16 << 20;

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
      const response = await ask(plane, "settings-keys", within(undefined));
      await refuseOthers(response, 200);
      const { settingsKeys } = JSON.parse(await readText(response));
      if (Array.isArray(settingsKeys)) return settingsKeys.map(String);
      throw unavailable(response.url, "it answered with no keys", undefined);
    },
    read: async (path, ifNoneMatch, signal) => {
      const headers = ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch };
      const response = await ask(plane, `tree/${path}`, { headers, ...within(signal) });
      if (response.status === 304) return { status: "same" };
      if (response.status === 404) {
        await response.body?.cancel();
        return { status: "absent" };
      }
      await refuseOthers(response, 200);
      const body = await readText(response);
      return { status: "read", body, etag: response.headers.get("etag") ?? "" };
    },
    open: async (path, signal) => {
      const stall = new AbortController();
      const signals = [stall.signal, ...(signal === undefined ? [] : [signal])];
      const response = await ask(
        plane,
        `tree/${path}`,
        { signal: AbortSignal.any(signals) },
        stall,
      );
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      await refuseOthers(response, 200);
      return flowing(response, stall);
    },
    send: async (machine, lines, signal) => {
      const response = await ask(plane, `machines/${encodeURIComponent(machine)}/logs`, {
        method: "POST",
        body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
        headers: { "content-type": "application/x-ndjson" },
        ...within(signal),
      });
      await refuseOthers(response, 200, 204);
      await response.body?.cancel();
    },
    report: async (machine, status, signal) => {
      const response = await ask(plane, `machines/${encodeURIComponent(machine)}/status`, {
        method: "PUT",
        body: status,
        headers: { "content-type": "application/json" },
        ...within(signal),
      });
      await refuseOthers(response, 200, 204);
      await response.body?.cancel();
    },
  };
}

function within(signal: AbortSignal | undefined): { readonly signal: AbortSignal } {
  const bound = AbortSignal.timeout(answerWithinMs);
  return { signal: signal === undefined ? bound : AbortSignal.any([bound, signal]) };
}

async function ask(
  { url, machineToken }: ControlPlane,
  path: string,
  init: RequestInit,
  stall?: AbortController,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (machineToken !== undefined) headers.set("authorization", `Bearer ${machineToken}`);
  const timer = setTimeout(() => stall?.abort(new Error("no answer")), answerWithinMs);
  try {
    return await fetch(`${url}/api/v1/${path}`, { ...init, headers, redirect: "error" });
  } catch (cause) {
    throw unavailable(url, reasonOf(cause), cause);
  } finally {
    clearTimeout(timer);
  }
}

async function refuseOthers(response: Response, ...expected: readonly number[]): Promise<void> {
  if (expected.includes(response.status)) return;
  const said = (await response.text().catch(() => "")).trim().slice(0, 300);
  throw unavailable(response.url, `it answered ${response.status}: ${said}`, undefined);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > mostDocumentBytes) throw new Error("the document is too large");
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unavailable(response.url, reasonOf(cause), cause);
  }
  return Buffer.concat(chunks).toString();
}

/** Gives up when nothing has come for a while, however much there is. */
async function* flowing(response: Response, stall: AbortController): AsyncIterable<Uint8Array> {
  let timer = setTimeout(() => stall.abort(), silenceMs);
  try {
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(() => stall.abort(new Error("the transfer stands still")), silenceMs);
    }
  } catch (cause) {
    throw unavailable(response.url, reasonOf(cause), cause);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}

function unavailable(url: string, why: string, cause: unknown): AgentFailure {
  return new AgentFailure(
    "source_unavailable",
    `the control plane ${url} cannot be asked: ${why}`,
    cause,
  );
}
