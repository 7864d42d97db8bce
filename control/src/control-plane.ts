// The control plane, composed: every part, in the order in which they stand on one another.
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { publicKeyLine, type SecretKey } from "@stoa/deployment";
import { openFolderBlobs } from "./adapters/folder-blobs/folder-blobs.ts";
import { folderLogs } from "./adapters/folder-logs/folder-logs.ts";
import { openFolderTree } from "./adapters/folder-tree/folder-tree.ts";
import {
  adminTokenFile,
  ensureAdminToken,
  openSigningKey,
} from "./adapters/key-files/key-files.ts";
import { Environments } from "./application/change-environments.ts";
import { Logs } from "./application/collect-logs.ts";
import { Revisions } from "./application/keep-revisions.ts";
import { ServiceSettings } from "./application/keep-settings.ts";
import { Tokens } from "./application/keep-tokens.ts";
import { Machines } from "./application/know-machines.ts";
import { AuditLog } from "./application/record-audit.ts";
import { Rollouts } from "./application/run-rollouts.ts";
import { SignedTree } from "./application/sign-documents.ts";
import type { BlobShelf } from "./domain/blob-shelf.ts";
import { type Clock, systemClock } from "./domain/clock.ts";
import type { DocumentTree } from "./domain/document-tree.ts";
import type { LogArchive } from "./domain/log-archive.ts";
import { makeApi } from "./http/api.ts";
import { openApiDocument } from "./http/openapi.ts";
import { type Route, route } from "./http/route.ts";
import { agentRoutes } from "./http/routes/agent-routes.ts";
import { deliveryRoutes } from "./http/routes/delivery-routes.ts";
import { machineRoutes } from "./http/routes/machine-routes.ts";
import { overviewRoutes } from "./http/routes/overview-routes.ts";
import { tokenRoutes } from "./http/routes/token-routes.ts";

/** What the control plane is told. */
export interface ControlPlaneSettings {
  /** The folder in which everything is kept: `tree/`, `logs/`, `keys/`. */
  readonly root: string;
  /** The version of the program. */
  readonly version: string;
  /** The path under which the module proxy is found on the same server; empty for the root. */
  readonly goproxyPath: string;
  /** Is told of failures that are nobody's request. */
  readonly onFailure: (failure: unknown) => void;
}

/** The parts that a simulation replaces. */
export interface ControlPlaneWorld {
  readonly tree: DocumentTree;
  readonly blobs: BlobShelf;
  readonly logs: LogArchive;
  readonly clock: Clock;
  readonly key: SecretKey;
}

/** A control plane at work. Disposing of it ends its own work; rollouts are carried on by the next. */
export interface ControlPlane extends AsyncDisposable {
  /** Answers a request of Node's below /api/v1. */
  readonly handle: ReturnType<typeof getRequestListener>;
  /** Answers a request. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly routes: readonly Route[];
  readonly tokens: Tokens;
}

/** How often agents ask, in milliseconds. */
const pollMs = 2_000;
/** No single file of a bundle is larger. */
const blobLimitBytes = 4 * 2 ** 30;
const renewalMs = 3_600_000;

/** Opens the control plane in a folder; at the first time with a new key and an administrator's token. */
export async function openControlPlane(settings: ControlPlaneSettings): Promise<ControlPlane> {
  const { root } = settings;
  const tree = await openFolderTree(join(root, "tree"));
  const control = await runControlPlane(settings, {
    tree,
    blobs: await openFolderBlobs(join(root, "tree", "blobs", "sha256"), blobLimitBytes),
    logs: folderLogs(join(root, "logs")),
    clock: systemClock,
    key: await openSigningKey(root),
  });
  await ensureAdminToken(root, async () => {
    const made = await control.tokens.make({ kind: "person", name: "admin", role: "admin" });
    return made.token;
  });
  return control;
}

/** Runs a control plane in the given world. */
export async function runControlPlane(
  settings: ControlPlaneSettings,
  { tree, blobs, logs: archive, clock, key }: ControlPlaneWorld,
): Promise<ControlPlane> {
  const { root, version, goproxyPath, onFailure } = settings;
  const documents = new SignedTree(tree, key);
  const tokens = new Tokens(tree, clock);
  const audit = new AuditLog(tree, documents, clock);
  const machines = new Machines(tree, documents, tokens, clock);
  const environments = new Environments(tree, documents, clock);
  const revisions = new Revisions(tree, blobs, documents);
  const serviceSettings = new ServiceSettings(documents);
  const logs = new Logs(archive);
  const rollouts = new Rollouts({
    documents,
    environments,
    machines,
    audit,
    clock,
    onFailure,
  });
  const rootKey = publicKeyLine(key);
  const end = new AbortController();
  const hosts = new WeakMap<Request, string>();
  const parts = { tree, blobs, tokens, audit, machines, environments, revisions, rollouts, logs };
  const routes: Route[] = [
    ...overviewRoutes({ ...parts, server: { product: "stoa", version, goproxyPath, rootKey } }),
    ...tokenRoutes(parts),
    ...agentRoutes({ ...parts, rootKey, pollMs, hostOf: (request) => hosts.get(request) }),
    ...machineRoutes(parts),
    ...deliveryRoutes({ ...parts, settings: serviceSettings, clock }),
  ];
  routes.push(
    route({
      method: "GET",
      path: "/openapi.json",
      summary: "This document.",
      admission: "anybody",
      handle: async () => openApiDocument(routes, version),
    }),
  );
  await machines.load();
  await rollouts.load();
  const renewal = keepRenewing(environments, clock, onFailure);
  const tokenHint = (): string =>
    `; the first administrator's is in ${adminTokenFile(root)} on the server`;
  const fetch = makeApi({ routes, tokens, tokenHint, onFailure, end: end.signal });
  return {
    fetch,
    handle: getRequestListener(
      (request, { incoming }) => {
        const { remoteAddress } = incoming.socket;
        if (remoteAddress !== undefined) hosts.set(request, remoteAddress);
        return fetch(request);
      },
      { overrideGlobalObjects: false },
    ),
    routes,
    tokens,
    async [Symbol.asyncDispose]() {
      end.abort();
      renewal[Symbol.dispose]();
      await rollouts[Symbol.asyncDispose]();
    },
  };
}

function keepRenewing(
  environments: Environments,
  clock: Clock,
  onFailure: (failure: unknown) => void,
): Disposable {
  let timer: Disposable | undefined;
  const renew = (): void => {
    void environments.renew().catch(onFailure);
    timer = clock.after(renewalMs, renew);
  };
  renew();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
