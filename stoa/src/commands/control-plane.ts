// The control plane beside the module proxy: loaded when it is first needed, so that a proxy that deploys nothing pays nothing.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseBucketUrl } from "@stoa/blobs";
import type { ControlPlane } from "@stoa/control";
import { type Handler, sendText } from "@stoa/serving";
import type { Log } from "@stoa/telemetry";
import type { Environment } from "../config/load-config.ts";
import type { SettingValues } from "../config/settings.ts";
import { programVersion } from "../version.ts";

/** The control plane of a server, whether it is loaded yet or not. */
export interface LazyControlPlane extends AsyncDisposable {
  /** Hands requests below /api/v1 to the control plane, all others to the handler. */
  readonly before: (handler: Handler) => Handler;
  /** Loads it now if it was used before: there may be rollouts to carry on. */
  readonly resume: () => void;
}

const prefix = "/api/v1/";

/** The folder in which the control plane keeps everything; undefined if there is to be none. */
function controlRootOf(values: SettingValues): string | undefined {
  if (!values.controlPlane) return undefined;
  if (values.controlRoot !== "") return resolve(values.controlRoot);
  return values.storageType === "disk"
    ? resolve(join(values.diskRoot, ".stoa", "control"))
    : undefined;
}

/** Prepares a control plane. Nothing is read or written before it is needed. */
export function lazyControlPlane(
  values: SettingValues,
  environment: Environment,
  log: Log,
): LazyControlPlane {
  const root = controlRootOf(values);
  let opening: Promise<ControlPlane> | undefined;
  const open = async (folder: string): Promise<ControlPlane> => {
    const { openControlPlane } = await import("@stoa/control");
    const control = await openControlPlane({
      root: folder,
      documents:
        values.documents === "" ? undefined : parseBucketUrl(values.documents, environment),
      version: programVersion,
      goproxyPath: values.pathPrefix,
      onFailure: (failure) => log.error("the control plane failed", { failure }),
    });
    log.info("control plane ready", { root: folder, documents: values.documents || "on disk" });
    return control;
  };
  const opened = (folder: string): Promise<ControlPlane> => {
    opening ??= open(folder).catch((failure: unknown) => {
      opening = undefined;
      throw failure;
    });
    return opening;
  };
  const answer: Handler = (request, response) => {
    if (root === undefined) {
      sendText(
        response,
        404,
        "there is no control plane here: set STOA_CONTROL_ROOT, and STOA_CONTROL_PLANE=true",
      );
      return;
    }
    opened(root).then(
      (control) => control.handle(request, response),
      (failure: unknown) => {
        log.error("the control plane cannot be opened", { failure });
        sendText(response, 503, "the control plane cannot be opened; the server's log says why");
      },
    );
  };
  return {
    before: (handler) => (request, response) => {
      if (request.url?.startsWith(prefix) === true) answer(request, response);
      else handler(request, response);
    },
    resume: () => {
      if (root === undefined || !existsSync(root)) return;
      opened(root).catch((failure: unknown) =>
        log.error("the control plane cannot be opened", { failure }),
      );
    },
    async [Symbol.asyncDispose]() {
      await (await opening?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}
