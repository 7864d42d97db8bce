// The words for versions in a filter file: v1, v1.2.*, ~1.2.3, ^1.2.3, <1.2.3.

/** What versions a word means. */
export type Qualifier =
  | { readonly kind: "any" }
  | { readonly kind: "prefix"; readonly prefix: string }
  | { readonly kind: "patches" | "minors" | "below"; readonly bound: Triple };

type Triple = readonly [major: number, minor: number, patch: number];

const kinds: Readonly<Record<string, "patches" | "minors" | "below">> = {
  "~": "patches",
  "^": "minors",
  "<": "below",
};

/**
 * Reads one word. `v1` and `v1.2` end at a dot, `v1.2.3` is a prefix as it stands; `*` at the end means nothing but, on
 * its own, every version. `~` means this patch and later ones, `^` this version and later ones of its major, `<` the
 * versions before. The `v` may be left out after a sign. Throws `SyntaxError`.
 */
export function parseQualifier(word: string): Qualifier {
  const plain = word.replace(/\*+$/, "");
  if (plain === "" && word !== "") return { kind: "any" };
  const kind = kinds[plain[0] ?? ""];
  if (kind !== undefined) {
    const bound = toTriple(plain.slice(1).replace(/^v?/, "v"));
    if (bound !== undefined) return { kind, bound };
  } else if (/^v[0-9]/.test(plain)) {
    const dots = plain.split(".").length - 1;
    return { kind: "prefix", prefix: plain.endsWith(".") || dots >= 2 ? plain : `${plain}.` };
  }
  throw new SyntaxError(
    `${JSON.stringify(word)} names no versions; it should look like v1, v1.2, v1.2.3, ~v1.2.3, ^v1.2.3 or <v1.2.3`,
  );
}

/** Whether a version is meant. To the signs a version that is not three plain numbers is unknown, and never meant. */
export function qualifies(qualifier: Qualifier, version: string): boolean {
  if (qualifier.kind === "any") return true;
  if (qualifier.kind === "prefix") return version.startsWith(qualifier.prefix);
  const triple = toTriple(version);
  if (triple === undefined) return false;
  const { kind, bound } = qualifier;
  const order = compare(triple, bound);
  if (kind === "below") return order < 0;
  const isSameMajor = triple[0] === bound[0];
  return order >= 0 && isSameMajor && (kind === "minors" || triple[1] === bound[1]);
}

function toTriple(version: string): Triple | undefined {
  const [, major, minor, patch] = /^v([0-9]+)\.([0-9]+)\.([0-9]+)$/.exec(version) ?? [];
  return patch === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function compare(one: Triple, other: Triple): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}
