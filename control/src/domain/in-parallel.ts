// The same work on many things, some of them at a time.

/** So many at once: enough to hide the time of a request to a bucket, few enough for any service. */
const usualWidth = 16;

/** What the work makes of each item, in their order. After the first failure nothing more is begun. */
export async function inParallel<Item, Made>(
  items: readonly Item[],
  work: (item: Item) => Promise<Made>,
  width: number = usualWidth,
): Promise<readonly Made[]> {
  const made = new Map<number, Made>();
  const waiting = items.entries();
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    for (const [at, item] of waiting) {
      if (hasFailed) return;
      try {
        made.set(at, await work(item));
      } catch (failure) {
        hasFailed = true;
        throw failure;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return items.map((_, at) => made.get(at) as Made);
}
