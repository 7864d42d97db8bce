// Which machines are meant: any of the tags within a group, all of the groups.
import { DocumentProblem } from "./document-problem.ts";
import { anyText, list, object, optional, type Shape } from "./shape.ts";

/** What is known of a machine: `{ role: "web", zone: "a" }`. */
export type Tags = Readonly<Record<string, string>>;

/** A tag with this key and value; with this key and any value; with any key and this value. */
export interface TagFilter {
  readonly key?: string;
  readonly value?: string;
}

/** One of these. */
export type TagGroup = readonly TagFilter[];

/** All of these groups. Without groups it means every machine. */
export type TagQuery = readonly TagGroup[];

/** The shape of `TagQuery`. */
export const tagQueryShape: Shape<TagQuery> = list(
  list(
    object<TagFilter>({
      key: optional(anyText.that((key) => key !== "", "must not be empty")),
      value: optional(anyText),
    }).that(
      ({ key, value }) => key !== undefined || value !== undefined,
      "must name a key, a value or both",
    ),
  ).that(({ length }) => length > 0, "must hold at least one tag"),
);

/** Whether a machine with these tags is meant. */
export function matchesTagQuery(query: TagQuery, tags: Tags): boolean {
  return query.every((group) => group.some((filter) => matchesFilter(filter, tags)));
}

function matchesFilter({ key, value }: TagFilter, tags: Tags): boolean {
  if (key === undefined) return Object.values(tags).some((one) => one === value);
  if (!Object.hasOwn(tags, key)) return false;
  return value === undefined || tags[key] === value;
}

/**
 * Reads a query as people write it: groups between spaces, alternatives between commas. `role=web,role=api zone=a` means
 * web or api machines in zone a; `zone` any zone; `=a` any tag with that value; nothing means every machine. Throws
 * `DocumentProblem`.
 */
export function parseTagQuery(text: string): TagQuery {
  return text
    .split(/\s+/)
    .filter((group) => group !== "")
    .map((group) => group.split(",").map((filter) => parseFilter(filter, text)));
}

function parseFilter(filter: string, text: string): TagFilter {
  const equals = filter.indexOf("=");
  const key = equals === -1 ? filter : filter.slice(0, equals);
  const value = equals === -1 ? undefined : filter.slice(equals + 1);
  if (key === "" && (value === undefined || value === "")) {
    throw new DocumentProblem("tag query", "", `has an empty tag: ${JSON.stringify(text)}`);
  }
  return { ...(key === "" ? {} : { key }), ...(value === undefined ? {} : { value }) };
}

/** A query as people write it; `every machine` is the empty text. */
export function formatTagQuery(query: TagQuery): string {
  return query.map((group) => group.map(formatFilter).join(",")).join(" ");
}

function formatFilter({ key = "", value }: TagFilter): string {
  return value === undefined ? key : `${key}=${value}`;
}
