// What a .deb says about itself. Authority: deb-control(5), deb-version(5), Debian policy 5.6.
import type { Architecture } from "@stoa/deployment";

/** The fields of a package that people meet. */
export interface DebianControl {
  readonly package: string;
  readonly version: string;
  /** By its Debian name. */
  readonly architecture: string;
  readonly maintainer: string;
  /** In one line. */
  readonly description: string;
}

/** Debian's names where they are others than Go's; 32-bit ARM is taken to have a floating point unit. */
const debianNames: Partial<Record<Architecture, string>> = {
  "386": "i386",
  arm: "armhf",
  mips64le: "mips64el",
  mipsle: "mipsel",
  ppc64le: "ppc64el",
};

/** Debian's name of an architecture. */
export function debianArchitecture(arch: Architecture): string {
  return debianNames[arch] ?? arch;
}

/** The name of a package after a service. Throws a sentence where Debian knows no such name. */
export function debianName(service: string): string {
  if (/^[a-z0-9][a-z0-9+.-]+$/.test(service)) return service;
  throw new Error(
    `${JSON.stringify(service)} cannot be the name of a package: it takes two or more of a-z, 0-9 and - (--service)`,
  );
}

/** A version that dpkg can sort: it begins with a digit, and a label that does not sorts before every other. */
export function debianVersion(label: string): string {
  const text = label.replaceAll("_", ".");
  return /^[0-9]/.test(text) ? text : `0~${text}`;
}

/** The version label of a package's version. An epoch is no part of it. */
export function labelOfDebianVersion(version: string): string {
  return version
    .replace(/^[0-9]+:/, "")
    .replace(/^0~(?=[A-Za-z])/, "")
    .replaceAll("~", "-");
}

/** The text of the control file; `installedBytes` is what its files take. */
export function controlText(control: DebianControl, installedBytes: number): string {
  const fields = {
    Package: control.package,
    Version: control.version,
    Architecture: control.architecture,
    Maintainer: control.maintainer,
    "Installed-Size": String(Math.ceil(installedBytes / 1024)),
    Section: "net",
    Priority: "optional",
    Description: control.description,
  };
  const odd = Object.entries(fields).find(([, value]) => /[\r\n]/.test(value));
  if (odd !== undefined) throw new Error(`${odd[0]} must be one line`);
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** A field of a control file. Names are the same in every case (deb822(5)). */
export function controlField(text: string, name: string): string | undefined {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, "im").exec(text)?.[1]?.trim();
}
