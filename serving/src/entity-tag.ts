// Entity tags and lists of them: RFC 9110 §8.8.3, §13.1.1 and §13.1.2.

const listedTag = /[\t ,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?=,|$)/gy;

/**
 * Whether a list of entity tags (the value of If-Match or If-None-Match) names the tag; `*` names every tag. The strong
 * comparison never holds for a weak tag, the weak one takes `W/"a"` and `"a"` for the same (RFC 9110 §8.8.3.2).
 * A list is read up to its first malformed member.
 */
export function listsEntityTag(list: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const isSame = comparison === "strong" ? isSameStrongly : isSameWeakly;
  for (const [, listed = ""] of list.matchAll(listedTag)) {
    if (isSame(listed, etag)) return true;
  }
  return false;
}

/** The strong comparison of RFC 9110 §8.8.3.2: neither is weak, and they are the same. */
export function isSameStrongly(one: string, other: string): boolean {
  return one === other && !isWeak(one);
}

function isSameWeakly(one: string, other: string): boolean {
  return opaque(one) === opaque(other);
}

function opaque(etag: string): string {
  return isWeak(etag) ? etag.slice(2) : etag;
}

function isWeak(etag: string): boolean {
  return etag.startsWith("W/");
}
