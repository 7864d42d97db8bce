// Names as the API is given them: refused with a sentence where they are none.
import { isLabel, isMachineName } from "@stoa/deployment";
import { ControlFailure } from "./control-failure.ts";

/** The name itself if a service, an environment or a machine may be called so. Throws `bad_request`. */
export function checkedName(
  name: string,
  what: "a service" | "an environment" | "a machine",
): string {
  if (what === "a machine" ? isMachineName(name) : isLabel(name)) return name;
  throw new ControlFailure(
    "bad_request",
    `${JSON.stringify(name)} cannot be the name of ${what}: it should be of a-z, 0-9 and -, such as shop-1`,
  );
}
