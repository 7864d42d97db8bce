// Which known name was probably meant.

/** The known name that is most like this one, if one is so like it that a slip of the hand explains the difference. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = bare(name);
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 5)) + 1;
  for (const candidate of known) {
    const other = bare(candidate);
    // A key that was written outside its table.
    const strays = lastPart(candidate) === lastPart(name) && candidate.includes(".") ? 1 : least;
    const distance = Math.min(strays, editDistance(wanted, other));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Case and the characters between words are what people get wrong first. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[._-]/g, "");
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** Levenshtein's: how many characters must be added, taken away or changed. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
