// Versions that are listed and cannot be had are left alone by later crawls for a while.
import type { ModuleVersion } from "@stoa/gomod";
import type { Bookmarks } from "../domain/bookmarks.ts";
import { ProxyFailure, type ProxyFailureCode } from "../domain/proxy-failure.ts";

const passedOverMs = 7 * 86_400_000;

/** What asking again will not change soon. */
const finalCodes: ReadonlySet<ProxyFailureCode> = new Set([
  "not_found",
  "bad_request",
  "unsupported",
  "invalid_module",
  "checksum_mismatch",
]);

/** Versions that are not asked for again for a week. */
export class PassedOver {
  readonly #bookmarks: Bookmarks;

  constructor(bookmarks: Bookmarks) {
    this.#bookmarks = bookmarks;
  }

  async has(module: ModuleVersion): Promise<boolean> {
    const since = await this.#bookmarks.read(nameOf(module));
    return since !== undefined && Date.now() - Date.parse(since) < passedOverMs;
  }

  /** Fetching a version has failed: it is passed over from now on if the failure is one that lasts. */
  async note(module: ModuleVersion, failure: unknown): Promise<void> {
    if (!(failure instanceof ProxyFailure && finalCodes.has(failure.code))) return;
    await this.#bookmarks.write(nameOf(module), new Date().toISOString());
  }
}

function nameOf({ path, version }: ModuleVersion): string {
  return `crawl absent ${path}@${version}`;
}
