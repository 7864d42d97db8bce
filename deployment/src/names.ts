// What services, environments, machines and versions may be called: words that are safe in paths, host names and logs.
import { anyText, type Shape } from "./shape.ts";

/** A service or an environment: a DNS label of RFC 1123, at most 63 characters. */
export const labelShape: Shape<string> = anyText.that(
  (name) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name),
  "must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at its ends",
);

/** A machine: a host name of RFC 1123 in lower case, at most 253 characters. */
export const machineNameShape: Shape<string> = anyText.that(
  (name) =>
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(
      name,
    ),
  "must be a host name in lower case",
);

/** The version label of a revision, such as `1.214`. */
export const versionLabelShape: Shape<string> = anyText.that(
  (label) => /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/.test(label),
  "must be 1 to 128 letters, digits and . _ + ~ -, and begin with a letter or digit",
);

/** Whether a service or environment may be called so. */
export function isLabel(name: string): boolean {
  return labelShape.matches(name);
}

/** Whether a machine may be called so. */
export function isMachineName(name: string): boolean {
  return machineNameShape.matches(name);
}
