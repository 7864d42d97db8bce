// The scene of most tests: an upstream with fixtures, and a Stoa that fetches from it.
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { randomNumbers } from "./random-numbers.ts";
import { type StoaOptions, type StoaProcess, startStoa } from "./stoa-process.ts";

/** An upstream and a Stoa before it. Disposing ends both. */
export interface ProxiedModules extends AsyncDisposable {
  readonly upstream: FixtureProxy;
  readonly stoa: StoaProcess;
}

/** Starts both; the upstream serves `fixtures`. */
export async function proxiedModules(
  fixtures: readonly ModuleFixture[],
  options: Partial<StoaOptions> = {},
): Promise<ProxiedModules> {
  const upstream = await fixtureProxy(fixtures);
  try {
    const stoa = await startStoa({ goproxy: upstream.url, ...options });
    return {
      upstream,
      stoa,
      async [Symbol.asyncDispose]() {
        await stoa[Symbol.asyncDispose]();
        await upstream[Symbol.asyncDispose]();
      },
    };
  } catch (failure) {
    await upstream[Symbol.asyncDispose]();
    throw failure;
  }
}

/** A module version with little in it, and `more` lines of Go. */
export function smallModule(path: string, version: string, more = ""): Promise<ModuleFixture> {
  const text = `
module ${path}@${version}
-- go.mod --
module ${path}

go 1.18
-- small.go --
// Package small is ${path} at ${version}.
package small
${more}`;
  return moduleFixture(text);
}

/** A module version whose zip has about so many bytes, which do not compress well. */
export function largeModule(
  path: string,
  version: string,
  sizeBytes: number,
): Promise<ModuleFixture> {
  const below = randomNumbers(sizeBytes + path.length);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // Each of 64 signs carries 6 bits, so deflate brings 8 bytes down to 6.
  const length = Math.ceil((sizeBytes * 8) / 6);
  const lines: string[] = [];
  for (let made = 0; made < length; made += 4096) {
    const bytes = Buffer.alloc(Math.min(4096, length - made));
    for (let at = 0; at < bytes.length; at++) bytes[at] = alphabet.charCodeAt(below(64));
    lines.push(bytes.toString("latin1"));
  }
  return moduleFixture(
    `module ${path}@${version}\n-- go.mod --\nmodule ${path}\n-- data.txt --\n${lines.join("\n")}\n`,
  );
}

/** The path of one of a version's files, as the go command asks for it, below the base of a proxy. */
export function filePath({ module }: ModuleFixture, kind: "info" | "mod" | "zip"): string {
  const escaped = (text: string): string =>
    text.replace(/[A-Z]/g, (letter) => `%21${letter.toLowerCase()}`);
  return `/${escaped(module.path)}/@v/${escaped(module.version)}.${kind}`;
}
