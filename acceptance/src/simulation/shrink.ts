// Makes a scenario that fails smaller: fewer rollouts and fewer kinds of faults, as long as it goes on failing.
import { type Scenario, simulate } from "./simulated-world.ts";

/** What a scenario fails with; `undefined` if it does not. */
export async function failureOf(scenario: Scenario): Promise<unknown> {
  try {
    await simulate(scenario);
    return undefined;
  } catch (failure) {
    return failure;
  }
}

/** The smallest scenario like this one that still fails; the scenario itself if nothing can be left out. */
export async function shrink(scenario: Scenario): Promise<Scenario> {
  let smallest = scenario;
  for (let rollouts = 1; rollouts < smallest.rollouts; rollouts++) {
    const fewer = { ...smallest, rollouts };
    if ((await failureOf(fewer)) !== undefined) smallest = fewer;
  }
  for (const fault of scenario.faults) {
    const fewer = { ...smallest, faults: smallest.faults.filter((one) => one !== fault) };
    if ((await failureOf(fewer)) !== undefined) smallest = fewer;
  }
  return smallest;
}
