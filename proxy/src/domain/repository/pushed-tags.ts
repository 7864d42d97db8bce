// Which module versions a tag of a repository may be.
import {
  checkModuleVersion,
  InvalidText,
  isVersion,
  type ModuleVersion,
  majorOf,
  parseModulePath,
} from "@stoa/gomod";

/**
 * The versions that a tag may stand for in the repository whose modules lie below `root`: at most two, for whether a tag
 * of major 2 or more belongs to `root/v2` or is `+incompatible`, only its go.mod tells. None for a tag that is no version.
 * Authority: go.dev/ref/mod#vcs-version.
 */
export function versionsOfTag(root: string, tag: string): readonly ModuleVersion[] {
  const slash = tag.lastIndexOf("/");
  const version = tag.slice(slash + 1);
  if (!isVersion(version) || version.includes("+")) return [];
  const base = slash < 0 ? root : `${root}/${tag.slice(0, slash)}`;
  const major = majorOf(version);
  const places = ["v0", "v1"].includes(major)
    ? [[base, version]]
    : [
        [`${base}/${major}`, version],
        [base, `${version}+incompatible`],
      ];
  return places.flatMap(([path = "", named = ""]) => moduleVersion(path, named));
}

function moduleVersion(text: string, version: string): readonly ModuleVersion[] {
  try {
    const path = parseModulePath(text);
    checkModuleVersion(path, version);
    return isVersion(version) ? [{ path, version }] : [];
  } catch (failure) {
    if (failure instanceof InvalidText) return [];
    throw failure;
  }
}
