// What tests of this and other rooms take from this one.
export { SeededRandom } from "./seeded-random.ts";
export {
  SimulatedFleet,
  type SimulatedMachine,
  simulatedMachine,
} from "./simulated-fleet.ts";
