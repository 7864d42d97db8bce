// SELinux labels as semanage-fcontext(8) takes them. Authority: what CodeDeploy's agent accepts.

/** A label for files. */
export interface SelinuxContext {
  readonly user?: string;
  readonly type: string;
  /** Levels and categories: `s0-s3:c0.c5,c7`. */
  readonly range?: string;
}

const highestCategory = 1023;

/** What is wrong with a range, after its text; `undefined` if nothing is. */
export function rangeProblem(range: string): string | undefined {
  const match = /^s(\d{1,4})(?:-s(\d{1,4}))?(?::(.*))?$/.exec(range);
  if (match === null) return "must be levels and categories such as s0-s3:c0.c5,c7";
  const [, low, high, categories] = match;
  if (high !== undefined && Number(high) < Number(low))
    return "has its higher level before its lower one";
  return categories === undefined ? undefined : categoriesProblem(categories);
}

function categoriesProblem(text: string): string | undefined {
  const seen = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^c(\d{1,4})(?:\.c(\d{1,4}))?$/.exec(part);
    if (match === null)
      return `has ${JSON.stringify(part)} where a category such as c7 or c0.c5 must be`;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    if (last > highestCategory || last < first)
      return `has ${part}; categories go from c0 up to c${highestCategory}`;
    for (let category = first; category <= last; category++) {
      if (seen.has(category)) return `names the category c${category} twice`;
      seen.add(category);
    }
  }
  return undefined;
}
