// Zips that clients get straight from where they are kept.
import { type ModuleVersion, matchesModulePatterns } from "@stoa/gomod";

/** A store whose zips can be read by others through a URL. */
export interface ZipLinks {
  /**
   * A URL under which anybody who has it can get the zip for a short while. `undefined` if the version is not whole, or no
   * URL can be had now: whoever asks then gets the zip from here. Rejects as `ModuleStore` does.
   */
  link(module: ModuleVersion): Promise<string | undefined>;
}

/** No URLs for modules that match one of the pattern lists: what is private is given only to who asks here. */
export function publicZipLinks(links: ZipLinks, isPrivate: readonly string[]): ZipLinks {
  return {
    link: async (module) =>
      isPrivate.some((patterns) => matchesModulePatterns(patterns, module.path))
        ? undefined
        : links.link(module),
  };
}
