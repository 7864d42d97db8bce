// What is wrong with a file of keys that people write, in a sentence that names the file and the key.
import { firstProblem } from "@stoa/control/first-problem";
import type { z } from "zod";
import { nearestName } from "./config/nearest-name.ts";

/** The first refusal; `knownIn` gives the keys of a table, of the whole file for the empty name. */
export function refusedKey(
  error: z.ZodError,
  shownPath: string,
  knownIn: (table: string) => readonly string[],
): Error {
  const [issue] = error.issues;
  if (issue?.code !== "unrecognized_keys") {
    const { place, complaint } = firstProblem(error);
    return new Error(`${shownPath}: ${place} ${complaint}`);
  }
  const table = issue.path.join(".");
  const [odd = ""] = issue.keys;
  const known = knownIn(table);
  const nearest = nearestName(odd, known);
  const next =
    nearest === undefined ? `there are ${known.join(", ")}` : `${nearest} is probably meant`;
  const name = table === "" ? odd : `${table}.${odd}`;
  return new Error(`${shownPath}: there is no key ${name}; ${next}`);
}
