// A line of JSON about a version of a module, or of what is said about a module as a whole.

/** With its end. Members without a value are left out. */
export function versionLine(
  { path, version }: { readonly path: string; readonly version: string | undefined },
  more: object,
): string {
  return `${JSON.stringify({ module: path, version, ...more })}\n`;
}
