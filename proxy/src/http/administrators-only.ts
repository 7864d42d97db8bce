// What is said of a page for administrators where none are served.
import { ProxyFailure } from "../domain/proxy-failure.ts";

export function administratorsOnly(): ProxyFailure {
  return new ProxyFailure(
    "not_found",
    "this page is for administrators; STOA_ADMIN_API=true and STOA_ADMIN_TOKEN open it",
  );
}
