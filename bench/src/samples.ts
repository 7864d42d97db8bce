// Repeated measurements: several contenders in turns, and what their figures say together.

/** The figures of one contender, one for each round and in the order of the rounds; never empty. */
export type Samples = readonly number[];

/** The middle figure; between two middle ones, the mean of them. */
export function median(samples: Samples): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error("no median without figures");
  return (lower + upper) / 2;
}

/** The least figure that so great a share of all, between 0 and 1, does not exceed. */
export function percentile(samples: Samples, share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (found === undefined) throw new Error("no percentile without figures");
  return found;
}

/** Figure by figure, `ours` divided by `theirs`: both must come from the same rounds. */
export function ratios(ours: Samples, theirs: Samples): Samples {
  if (ours.length !== theirs.length) throw new Error("ratios need as many figures on both sides");
  return ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN));
}

/** The least and the greatest figure, as a reader wants to see them. */
export function spread(samples: Samples, digits: number): string {
  return `${Math.min(...samples).toFixed(digits)}–${Math.max(...samples).toFixed(digits)}`;
}

/**
 * Measures every contender once a round, one after the other. Each round begins with the next one, so that none always
 * follows the same neighbour. The result has each contender's measurements in the order of the rounds.
 */
export async function inTurns<Contender, Measurement>(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<Measurement>,
): Promise<Map<Contender, Measurement[]>> {
  const measured = new Map<Contender, Measurement[]>(contenders.map((each) => [each, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      measured.get(contender)?.push(await measure(contender, round));
    }
  }
  return measured;
}
