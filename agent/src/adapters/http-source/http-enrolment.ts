// Joining an environment at a control plane.
import { publicKeyLine, sha256Hex, signJoin } from "@stoa/deployment";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { EnrolmentDesk, Joined, JoinRequest } from "../../domain/enrolment.ts";
import { exchange, readText, whyNot } from "./plane-exchange.ts";

const answerWithinMs = 15_000;
const mostAnswerBytes = 1 << 20;

/** What the control plane wants signed. */
interface Challenge {
  readonly challenge: string;
  readonly at: string;
  readonly environment: string;
}

/** The desk of a control plane, by its URL such as `https://stoa.example`. */
export function httpEnrolment(url: string): EnrolmentDesk {
  return {
    join: async (request) => {
      const { token, key, agentVersion, ...said } = request;
      const asked = await asksFor(url, token);
      const proof = proofOf(request, asked);
      const { challenge } = asked;
      const publicKey = publicKeyLine(key);
      const body = { ...said, token, publicKey, agentVersion, challenge, proof };
      return checked(url, await post(url, "join", body), joinedIn);
    },
  };
}

async function asksFor(url: string, token: string): Promise<Challenge> {
  return checked(url, await post(url, "join/challenge", { token }), challengeIn);
}

function proofOf({ token, key, machine, tags, os, arch }: JoinRequest, asked: Challenge): string {
  return signJoin({ ...asked, machine, tags, os, arch, tokenSha256: sha256Hex(token) }, key);
}

/** The text of the answer, where the answer is yes. */
async function post(url: string, path: string, body: unknown): Promise<string> {
  const { status, text } = await answerTo(`${url}/api/v1/${path}`, body).catch((cause) => {
    throw new AgentFailure(
      "source_unavailable",
      `${url} cannot be asked to take this machine in: ${whyNot(cause)}`,
      cause,
    );
  });
  if (status === 200) return text;
  throw new AgentFailure(
    status < 500 ? "bad_request" : "source_unavailable",
    `${url} does not take this machine in: ${sentenceIn(text)} (${status})`,
  );
}

async function answerTo(
  url: string,
  body: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await exchange(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerWithinMs),
  });
  return { status: answer.statusCode ?? 0, text: await readText(answer, mostAnswerBytes) };
}

function checked<T>(url: string, text: string, read: (text: string) => T | undefined): T {
  const found = read(text);
  if (found !== undefined) return found;
  throw new AgentFailure(
    "source_unavailable",
    `${url} does not answer as a control plane does; check the address, and that both programs are of one version`,
  );
}

function challengeIn(text: string): Challenge | undefined {
  try {
    const { challenge, at, environment } = JSON.parse(text);
    const isOne = [challenge, at, environment].every((value) => typeof value === "string");
    return isOne ? { challenge, at, environment } : undefined;
  } catch {
    return undefined;
  }
}

function joinedIn(text: string): Joined | undefined {
  try {
    const { machineToken, rootKey, environment, pollMs, tags, settingsKeys } = JSON.parse(text);
    const texts = [machineToken, rootKey, environment, ...Object.values(tags), ...settingsKeys];
    const isOne = texts.every((value) => typeof value === "string") && Number.isSafeInteger(pollMs);
    return isOne ? { machineToken, rootKey, environment, pollMs, tags, settingsKeys } : undefined;
  } catch {
    return undefined;
  }
}

function sentenceIn(text: string): string {
  try {
    const { error, message, sentence } = JSON.parse(text);
    return String(sentence ?? message ?? error?.message ?? error);
  } catch {
    return text.trim().slice(0, 300);
  }
}
