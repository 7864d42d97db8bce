// An option of a command that may be given several times.
import { Option } from "commander";

/** Its values come as an array, in the order given; an empty one without it. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`)
    .argParser((value, before: readonly string[]) => [...before, value])
    .default([], "none");
}
