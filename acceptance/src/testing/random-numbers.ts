// Chance that can be repeated: a sequence of numbers from a seed.

/** Gives numbers of at least 0 and below `end`, whole ones. */
export type RandomBelow = (end: number) => number;

/** The mulberry32 generator. The same seed gives the same numbers. */
export function randomNumbers(seed: number): RandomBelow {
  let state = seed >>> 0;
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

/** One of the things, chosen by chance. */
export function oneOf<T>(below: RandomBelow, things: readonly T[]): T {
  const thing = things[below(things.length)];
  if (thing === undefined) throw new Error("there is nothing to choose from");
  return thing;
}
