// How many machines must stay well during a rollout, and how many may therefore be changed at once.

/** So many machines, or so many of a hundred of them, must stay well. */
export type HealthFloor = { readonly machines: number } | { readonly percent: number };

/** How many of `count` machines must stay well; of a percentage the next whole number (CodeDeploy, "minimum healthy hosts"). */
export function minimumHealthy(floor: HealthFloor, count: number): number {
  return "machines" in floor ? floor.machines : shareOf(count, floor.percent);
}

/** How many machines may be changed at once when so many are well; 0 means that nothing may be changed any more. */
export function mayChangeAtOnce(healthy: number, minimum: number): number {
  return Math.max(0, healthy - minimum);
}

/** A share of machines, rounded up. Hundredths of a percent are counted, so that no rounding of binary fractions shows. */
function shareOf(count: number, percent: number): number {
  return Math.ceil((count * Math.round(percent * 100)) / 10_000);
}
