// What is tried again and again and fails in the same way is said once a minute.
import type { Clock } from "./clock.ts";

const againAfterMs = 60_000;
/** So many different sentences are remembered. */
const mostKnown = 100;

/** Tells of failures, of those with the same message once a minute. */
export function notAgain(
  tell: (failure: unknown) => void,
  clock: Pick<Clock, "monotonicMs">,
): (failure: unknown) => void {
  const toldAt = new Map<string, number>();
  return (failure) => {
    const message = failure instanceof Error ? failure.message : String(failure);
    const now = clock.monotonicMs();
    const before = toldAt.get(message);
    if (before !== undefined && now - before < againAfterMs) return;
    toldAt.delete(message);
    toldAt.set(message, now);
    const [oldest] = toldAt.keys();
    if (toldAt.size > mostKnown && oldest !== undefined) toldAt.delete(oldest);
    tell(failure);
  };
}
