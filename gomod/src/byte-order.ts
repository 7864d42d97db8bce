// The order of texts by their UTF-8 bytes, in which Go sorts; JavaScript compares UTF-16 units instead.

/**
 * Compares like Go's strings.Compare. The two orders differ only where one text has a surrogate pair (U+10000 and
 * above) and the other a character from U+E000 to U+FFFF.
 */
export function compareBytewise(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) < rank(right) ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

/** Lifts surrogates above all other UTF-16 units, as their characters are above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
