// stoa package: a .deb of the service, for servers that take packages and for buckets that are followed.
import { resolve } from "node:path";
import { machineArchitecture } from "@stoa/agent";
import { type Architecture, architectures } from "@stoa/deployment";
import { debianArchitecture, debianName, debianVersion } from "../building/debian-control.ts";
import { writeDebianPackage } from "../building/debian-package.ts";
import { packedFiles } from "../building/packed-files.ts";
import { readServiceFile } from "../building/service-file.ts";
import { give, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What the command line says. */
export interface PackageOptions {
  readonly output?: string;
  readonly service?: string;
  readonly label?: string;
  readonly main?: string;
  readonly arch?: string;
  readonly maintainer?: string;
  readonly description?: string;
}

/** The first moment that every archive format knows: 1980-01-01. */
const usualSeconds = 315_532_800;

/** Writes the package and gives its path. Throws sentences. */
export async function makePackage(
  place: CommandPlace,
  given: string | undefined,
  options: PackageOptions,
): Promise<void> {
  const { folder, environment: env } = place;
  const { service: named, label, main } = options;
  const arch = architectureOf(options.arch);
  const file = await readServiceFile(folder);
  const order = { folder, env, file, arch, goproxy: undefined, service: named, label, main };
  await using packed = await packedFiles(given, order);
  const { service, contents, work } = packed;
  const control = {
    package: debianName(service),
    version: debianVersion(packed.version),
    architecture: debianArchitecture(arch),
    maintainer: options.maintainer ?? `${service} <root@localhost>`,
    description: options.description ?? `${service} ${packed.version}`,
  };
  const usualName = `${control.package}_${control.version}_${control.architecture}.deb`;
  const output = options.output ?? usualName;
  const seconds = secondsOf(env["SOURCE_DATE_EPOCH"]);
  await writeDebianPackage(resolve(folder, output), { control, files: contents, seconds }, work);
  say(`${control.package} ${control.version} for ${control.architecture}`);
  give(output);
}

function architectureOf(text: string | undefined): Architecture {
  if (text === undefined) return machineArchitecture();
  const arch = architectures.find((known) => known === text);
  if (arch !== undefined) return arch;
  throw new Error(`--arch ${text}: write one of ${architectures.join(", ")}`);
}

/** Authority: https://reproducible-builds.org/specs/source-date-epoch/. */
function secondsOf(epoch: string | undefined): number {
  if (epoch === undefined || epoch === "") return usualSeconds;
  if (/^[0-9]{1,11}$/.test(epoch)) return Number(epoch);
  throw new Error(`SOURCE_DATE_EPOCH=${epoch} is no number of seconds since 1970`);
}
