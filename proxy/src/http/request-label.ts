// What a request was, for the log and the counters.
import type { ExternalRequest } from "./external-request.ts";
import type { ModuleRequest } from "./module-request.ts";

/** The endpoint, and the module as far as one was named. */
export interface RequestLabel {
  readonly endpoint: string;
  readonly module: string | undefined;
  readonly version: string | undefined;
}

/** The label of a URL that cannot be understood. */
export const malformed: RequestLabel = {
  endpoint: "malformed",
  module: undefined,
  version: undefined,
};

export function labelOf(request: ModuleRequest | ExternalRequest): RequestLabel {
  switch (request.kind) {
    case "external": {
      const asked = request.operation === "list" ? { path: request.path } : request.module;
      const version = "version" in asked ? asked.version : undefined;
      return { endpoint: "external", module: asked.path, version };
    }
    case "page":
    case "record":
    case "order":
      return { endpoint: request.page, module: undefined, version: undefined };
    case "sumdb": {
      const { question } = request;
      const module = question.kind === "lookup" ? question.module : undefined;
      return { endpoint: "sumdb", module: module?.path, version: module?.version };
    }
    case "file":
      return { endpoint: request.file, module: request.path, version: request.version };
    default:
      return { endpoint: request.kind, module: request.path, version: undefined };
  }
}
