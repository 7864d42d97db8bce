// Where clients are sent instead of being answered: the base URL of another proxy.
import { ProxyFailure } from "../proxy-failure.ts";

/**
 * Reads the base URL of a proxy; "" means that there is none. Throws `SyntaxError` with a sentence if it is anything but
 * an http or https URL to which paths can be added. The slashes at its end are taken off.
 */
export function parseRedirectBase(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const url = URL.parse(trimmed);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new SyntaxError(
      `${JSON.stringify(text)} is no address of a proxy; it should look like https://proxy.golang.org`,
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new SyntaxError(
      `${JSON.stringify(text)} has a query or a fragment, behind which no path can stand`,
    );
  }
  return trimmed.replace(/\/+$/, "");
}

/** `base` and a path of the protocol. Throws the failure `refused` if there is no base: it would lead to this very URL. */
export function redirectTarget(base: string, path: string): string {
  if (base !== "") return `${base}/${path}`;
  throw new ProxyFailure(
    "refused",
    "the download mode of this module is a redirect, but no downloadURL says where to: set one in the download file, or ATHENS_DOWNLOAD_URL",
  );
}
