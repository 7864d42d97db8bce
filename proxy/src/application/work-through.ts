// Works through a list, a few items at a time.

/** A worker whose item fails works no more; when all others have ended, too, this rejects with that failure. */
export async function workThrough<T>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: workers }, worker));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}
