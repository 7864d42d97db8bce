// How long something is taken away at least.
import process from "node:process";

/** In milliseconds; STOA_TEST_FAULT_SECONDS=60 makes it the full minute. */
export const faultMs = 1000 * Number(process.env["STOA_TEST_FAULT_SECONDS"] ?? "3");
