// Joining an environment at a control plane.
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { EnrolmentDesk, Joined } from "../../domain/enrolment.ts";
import { exchange, readText, whyNot } from "./plane-exchange.ts";

const answerWithinMs = 15_000;
const mostAnswerBytes = 1 << 20;

/** The desk of a control plane, by its URL such as `https://stoa.example`. */
export function httpEnrolment(url: string): EnrolmentDesk {
  return {
    join: async (request) => {
      const { status, text } = await post(url, request);
      if (status === 200) return checked(url, text);
      const said = sentenceIn(text);
      throw new AgentFailure(
        status < 500 ? "bad_request" : "source_unavailable",
        `${url} does not take this machine in: ${said} (${status})`,
      );
    },
  };
}

async function post(
  url: string,
  body: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const answer = await exchange(`${url}/api/v1/join`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return { status: answer.statusCode ?? 0, text: await readText(answer, mostAnswerBytes) };
  } catch (cause) {
    throw new AgentFailure(
      "source_unavailable",
      `${url} cannot be asked to take this machine in: ${whyNot(cause)}`,
      cause,
    );
  }
}

function checked(url: string, text: string): Joined {
  try {
    const { machineToken, rootKey, environment, pollMs, tags, settingsKeys } = JSON.parse(text);
    const texts = [machineToken, rootKey, environment, ...Object.values(tags), ...settingsKeys];
    if (texts.every((value) => typeof value === "string") && Number.isSafeInteger(pollMs)) {
      return { machineToken, rootKey, environment, pollMs, tags, settingsKeys };
    }
  } catch {
    // Refused below.
  }
  throw new AgentFailure(
    "source_unavailable",
    `${url} does not answer as a control plane does; check the address, and that both programs are of one version`,
  );
}

function sentenceIn(text: string): string {
  try {
    const { error, message, sentence } = JSON.parse(text);
    return String(sentence ?? message ?? error?.message ?? error);
  } catch {
    return text.trim().slice(0, 300);
  }
}
