// Names for requests, by which the lines of logs of several programs find together.
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Printable ASCII without space, quotes and backslash: such an id can stand in a log line or a header as it is. */
const acceptable = /^[!#-&(-[\]-~]{1,128}$/;

/**
 * How requests get their names: the one the header `headerName` brings along, if it is at most 128 printable ASCII
 * characters without spaces, quotes and backslashes; else a new one, unique beyond this process and cheap to make.
 */
export function requestIds(headerName: string): (request: IncomingMessage) => string {
  const header = headerName.toLowerCase();
  const prefix = randomBytes(6).readUIntBE(0, 6).toString(36).padStart(10, "0");
  let made = 0;
  return ({ headers }) => {
    const given = headers[header];
    if (typeof given === "string" && acceptable.test(given)) return given;
    made += 1;
    return `${prefix}-${made.toString(36)}`;
  };
}
