// A module in its repository: what all rules about versions start from.
import { ProxyFailure } from "../proxy-failure.ts";
import type { ModuleLayout } from "./module-layout.ts";
import type { RepositoryView } from "./repository-view.ts";

export interface ModuleSource {
  readonly repository: RepositoryView;
  readonly layout: ModuleLayout;
}

/** The failure of a version, or of anything else that is asked for, that the module does not have. */
export function noSuchVersion(
  { layout }: ModuleSource,
  asked: string,
  reason: string,
): ProxyFailure {
  return new ProxyFailure("not_found", reason, { subject: { path: layout.path, version: asked } });
}

/** For a `catch` where a version that does not exist is no failure; every other failure goes on. */
export function onlyAbsence(failure: unknown): undefined {
  if (failure instanceof ProxyFailure && failure.code === "not_found") return undefined;
  throw failure;
}
