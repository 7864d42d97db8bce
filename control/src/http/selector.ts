// Tags as a query of the URL has them.
import { DocumentProblem, parseTagQuery, type TagQuery } from "@stoa/deployment";
import { ControlFailure } from "../domain/control-failure.ts";

/** Reads `role=web,role=api zone=a`. Fails with `bad_request`. */
export function parsedSelector(text: string): TagQuery {
  try {
    return parseTagQuery(text);
  } catch (cause) {
    if (!(cause instanceof DocumentProblem)) throw cause;
    throw new ControlFailure("bad_request", cause.message, { cause });
  }
}
