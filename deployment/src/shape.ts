// The shapes of JSON values: each document is described once, in a form that says what is wrong with a value of another shape.

/** What is wrong with a value. */
export interface Mismatch {
  /** Where in the value: `["files", 2, "mode"]`; empty where the whole is meant. */
  readonly path: readonly (string | number)[];
  /** Continues the sentence that begins with the place: `must be a string`. */
  readonly reason: string;
}

type Look = (value: unknown) => Mismatch | undefined;

/** The shape of a `T`. Values are looked at and never changed. */
export class Shape<T> {
  readonly #look: Look;

  constructor(look: Look) {
    this.#look = look;
  }

  /** The first thing that is wrong with a value; undefined where it is a `T`. */
  mismatchIn(value: unknown): Mismatch | undefined {
    return this.#look(value);
  }

  /** Whether a value is a `T`. */
  matches(value: unknown): value is T {
    return this.#look(value) === undefined;
  }

  /** The same shape, of values for which this holds, too. `path` is what the sentence names in the place of the whole. */
  that(holds: (value: T) => boolean, reason: string, path: Mismatch["path"] = []): Shape<T> {
    return new Shape((value) => {
      const mismatch = this.#look(value);
      if (mismatch !== undefined) return mismatch;
      return holds(value as T) ? undefined : { path, reason };
    });
  }
}

/** Any text. */
export const anyText: Shape<string> = ofType("string", "a string");

/** `true` or `false`. */
export const truth: Shape<boolean> = ofType("boolean", "a boolean");

/** Any text of at most so many UTF-16 code units. */
export function shortText(longest: number): Shape<string> {
  return anyText.that(({ length }) => length <= longest, `must not be longer than ${longest}`);
}

/** A whole number in these bounds, which are within ±(2⁵³−1). */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  const bounds =
    most === Number.MAX_SAFE_INTEGER ? `must be ${least} or more` : `must be ${least} to ${most}`;
  return new Shape<number>((value) =>
    Number.isSafeInteger(value) ? undefined : wrong("must be a whole number"),
  ).that((value) => value >= least && value <= most, bounds);
}

/** One of these values. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  const reason = `must be ${values.map((value) => JSON.stringify(value)).join(" or ")}`;
  return new Shape((value) => (values.includes(value as T) ? undefined : wrong(reason)));
}

/** A list of values that have one shape. */
export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return new Shape((value) => {
    if (!Array.isArray(value)) return wrong("must be an array");
    for (const [at, one] of value.entries()) {
      const mismatch = item.mismatchIn(one);
      if (mismatch !== undefined) return within(at, mismatch);
    }
    return undefined;
  });
}

/** Values of one shape by names of one shape. */
export function record<T>(name: Shape<string>, item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return new Shape((value) => {
    if (!isObject(value)) return wrong("must be an object");
    for (const [key, one] of Object.entries(value)) {
      // Whoever copies it by assignment would set the prototype instead.
      if (key === "__proto__") return { path: [key], reason: "is no name" };
      const mismatch = name.mismatchIn(key) ?? item.mismatchIn(one);
      if (mismatch !== undefined) return within(key, mismatch);
    }
    return undefined;
  });
}

/** A member that may be left out. */
export interface Optional<T> {
  readonly optional: Shape<T>;
}

/** A member that may be left out. */
export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

/** A shape for each member of a `T`, and one that may be left out for each that `T` may lack. */
export type Members<T> = {
  readonly [Name in keyof T]-?: Record<never, never> extends Pick<T, Name>
    ? Optional<Required<T>[Name]>
    : Shape<T[Name]>;
};

/**
 * An object with these members. Others are refused: a document that says more than this program understands must not be
 * half obeyed.
 */
export function object<T extends object>(members: Members<T>): Shape<T> {
  const described = Object.entries<Shape<unknown> | Optional<unknown>>(members);
  return new Shape((value) => {
    if (!isObject(value)) return wrong("must be an object");
    for (const [name, member] of described) {
      const mismatch = memberMismatch(value, name, member);
      if (mismatch !== undefined) return within(name, mismatch);
    }
    const strange = Object.keys(value).filter((name) => !Object.hasOwn(members, name));
    if (strange.length === 0) return undefined;
    const names = strange.map((name) => JSON.stringify(name)).join(", ");
    return wrong(`has members that this version does not know: ${names}`);
  });
}

/** An object whose member `kind` says which of these shapes it has. */
export function variants<T extends { readonly kind: string }>(
  shapes: {
    readonly [Kind in T["kind"]]: Shape<Extract<T, { readonly kind: Kind }>>;
  },
): Shape<T> {
  const byKind = new Map<unknown, Shape<unknown>>(Object.entries(shapes));
  const kinds = oneOf(...Object.keys(shapes));
  return new Shape((value) => {
    if (!isObject(value)) return wrong("must be an object");
    const shape = byKind.get(value["kind"]);
    if (shape !== undefined) return shape.mismatchIn(value);
    const mismatch = memberMismatch(value, "kind", kinds);
    return mismatch && within("kind", mismatch);
  });
}

function memberMismatch(
  value: Readonly<Record<string, unknown>>,
  name: string,
  member: Shape<unknown> | Optional<unknown>,
): Mismatch | undefined {
  const isThere = Object.hasOwn(value, name);
  if (!(member instanceof Shape)) {
    return isThere ? member.optional.mismatchIn(value[name]) : undefined;
  }
  return isThere && value[name] !== undefined
    ? member.mismatchIn(value[name])
    : wrong("is missing");
}

function ofType<T>(type: "string" | "boolean", name: string): Shape<T> {
  return new Shape((value) => (typeof value === type ? undefined : wrong(`must be ${name}`)));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(reason: string): Mismatch {
  return { path: [], reason };
}

function within(step: string | number, { path, reason }: Mismatch): Mismatch {
  return { path: [step, ...path], reason };
}
