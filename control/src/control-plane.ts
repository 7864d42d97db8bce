// The control plane, composed: every part, in the order in which they stand on one another.
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { type BlobStore, type BucketPlace, DiskBlobStore, openBucket } from "@stoa/blobs";
import { publicKeyLine, type SecretKey } from "@stoa/deployment";
import { blobContents } from "./adapters/blob-tree/blob-contents.ts";
import { blobTree } from "./adapters/blob-tree/blob-tree.ts";
import { atStore, tryTree } from "./adapters/blob-tree/blob-trouble.ts";
import { folderLogs } from "./adapters/folder-logs/folder-logs.ts";
import {
  auditMemoryFile,
  ensureAdminToken,
  openSigningKey,
  settingsKeyFiles,
} from "./adapters/key-files/key-files.ts";
import { Environments } from "./application/change-environments.ts";
import { Logs } from "./application/collect-logs.ts";
import { Approvals } from "./application/give-approvals.ts";
import { StoreReports } from "./application/hear-store.ts";
import { MachineJoins } from "./application/join-machines.ts";
import { Policies } from "./application/keep-policies.ts";
import { Revisions } from "./application/keep-revisions.ts";
import { Rollouts } from "./application/keep-rollouts.ts";
import { ServiceSettings } from "./application/keep-settings.ts";
import { Tokens } from "./application/keep-tokens.ts";
import { Machines } from "./application/know-machines.ts";
import { Retention } from "./application/prune-revisions.ts";
import { AuditLog } from "./application/record-audit.ts";
import { RolloutRunner } from "./application/run-rollouts.ts";
import { SignedTree } from "./application/sign-documents.ts";
import type { AuditMemory } from "./domain/audit-memory.ts";
import type { BlobShelf } from "./domain/blob-shelf.ts";
import { type Clock, systemClock, watchedClock } from "./domain/clock.ts";
import { ControlFailure } from "./domain/control-failure.ts";
import type { DocumentTree } from "./domain/document-tree.ts";
import type { LogArchive } from "./domain/log-archive.ts";
import { notAgain } from "./domain/not-again.ts";
import type { SettingsKeys } from "./domain/settings-keys.ts";
import { makeApi } from "./http/api.ts";
import { openApiDocument } from "./http/openapi.ts";
import { type Route, route } from "./http/route.ts";
import { auditRoutes } from "./http/routes/audit-routes.ts";
import { deliveryRoutes } from "./http/routes/delivery-routes.ts";
import { joinRoutes } from "./http/routes/join-routes.ts";
import { machineRoutes } from "./http/routes/machine-routes.ts";
import { overviewRoutes } from "./http/routes/overview-routes.ts";
import { policyRoutes } from "./http/routes/policy-routes.ts";
import { removalRoutes } from "./http/routes/removal-routes.ts";
import { reportRoutes } from "./http/routes/report-routes.ts";
import { rolloutRoutes } from "./http/routes/rollout-routes.ts";
import { tokenRoutes } from "./http/routes/token-routes.ts";
import { treeRoutes } from "./http/routes/tree-routes.ts";

/** What the control plane is told. */
export interface ControlPlaneSettings {
  /** The folder in which everything is kept: `tree/`, `logs/`, `keys/`. */
  readonly root: string;
  /** Where the documents and contents are kept instead of in `tree/`. */
  readonly documents?: BucketPlace | undefined;
  /** The version of the program. */
  readonly version: string;
  /** The path under which the module proxy is found on the same server; empty for the root. */
  readonly goproxyPath: string;
  /** Is told of failures that are nobody's request. */
  readonly onFailure: (failure: unknown) => void;
}

/** What it stands on. */
interface ControlPlaneWorld {
  readonly tree: DocumentTree;
  readonly blobs: BlobShelf;
  readonly logs: LogArchive;
  readonly clock: Clock;
  readonly key: SecretKey;
  readonly settingsKeys: SettingsKeys;
  readonly auditMemory: AuditMemory;
}

/** A control plane at work. Disposing of it ends its own work; rollouts are carried on by the next. */
export interface ControlPlane extends AsyncDisposable {
  /** Answers a request of Node's below /api/v1. */
  readonly handle: ReturnType<typeof getRequestListener>;
  /** Answers a request. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly routes: readonly Route[];
  readonly tokens: Tokens;
  /** Renews what grows old and removes what nobody could want; it is done every hour anyway. */
  readonly upkeep: () => Promise<void>;
}

/** How often agents ask, in milliseconds. */
const pollMs = 2_000;
/** No single file of a bundle is larger. */
const blobLimitBytes = 4 * 2 ** 30;
const upkeepMs = 3_600_000;

/** Opens the control plane in a folder; at the first time with a new key and an administrator's token. */
export async function openControlPlane(
  settings: ControlPlaneSettings,
  clock: Clock = systemClock,
): Promise<ControlPlane> {
  const { root } = settings;
  await using opened = new AsyncDisposableStack();
  const { store, prefix } = await openDocuments(settings, opened);
  const control = await runControlPlane(settings, {
    tree: blobTree(store, prefix),
    blobs: blobContents(store, `${prefix}blobs/sha256/`, blobLimitBytes),
    logs: folderLogs(join(root, "logs")),
    clock,
    key: await openSigningKey(root),
    settingsKeys: settingsKeyFiles(root),
    auditMemory: auditMemoryFile(root),
  });
  opened.use(control);
  await ensureAdminToken(root, async () => {
    const made = await control.tokens.make({ kind: "person", name: "admin", role: "admin" });
    return made.token;
  });
  const all = opened.move();
  return { ...control, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The store of documents, which is tried before anything is built upon it. */
async function openDocuments(
  { root, documents }: ControlPlaneSettings,
  opened: AsyncDisposableStack,
): Promise<{ readonly store: BlobStore; readonly prefix: string }> {
  if (documents === undefined) {
    const store = await atStore("the tree", () => DiskBlobStore.open(join(root, "tree"), 0o700));
    return { store, prefix: "" };
  }
  const { bucket, prefix } = documents;
  const store = opened.use(await atStore("the tree", () => openBucket(bucket)));
  await tryTree(store, prefix);
  return { store, prefix };
}

/** Runs a control plane in the given world. */
async function runControlPlane(
  { version, goproxyPath, onFailure: tell }: ControlPlaneSettings,
  world: ControlPlaneWorld,
): Promise<ControlPlane> {
  const onFailure = notAgain(tell, world.clock);
  const parts = applicationOf(world, onFailure);
  const { tokens, machines, rollouts, runner, environments, policies, audit, retention } = parts;
  const hosts = new WeakMap<Request, string>();
  const routes = routesOf(parts, {
    server: { product: "stoa", version, goproxyPath, rootKey: publicKeyLine(world.key) },
    hostOf: (request) => hosts.get(request),
  });
  for (const alarm of await audit.check())
    onFailure(new ControlFailure("store_unavailable", alarm));
  await machines.load();
  const reports = new StoreReports({ ...parts, onFailure });
  await reports.begin();
  await rollouts.load(world.clock.now());
  runner.carryOn();
  const upkeep = oneByOne(async () => {
    await environments.renew();
    await policies.renew();
    await retention.prune();
  });
  const keeping = again(upkeep, world.clock, onFailure);
  const end = new AbortController();
  const fetch = makeApi({ routes, tokens, onFailure, end: end.signal });
  const listener = getRequestListener(
    (request, { incoming }) => {
      const { remoteAddress } = incoming.socket;
      if (remoteAddress !== undefined) hosts.set(request, remoteAddress);
      return fetch(request);
    },
    { overrideGlobalObjects: false },
  );
  return {
    fetch,
    handle: listener,
    routes,
    tokens,
    upkeep,
    async [Symbol.asyncDispose]() {
      end.abort();
      await keeping[Symbol.asyncDispose]();
      await reports[Symbol.asyncDispose]();
      await runner[Symbol.asyncDispose]();
    },
  };
}

/** What the control plane does, each part standing on those before it. */
function applicationOf(
  {
    tree,
    blobs,
    logs: archive,
    clock: wallClock,
    key,
    settingsKeys,
    auditMemory: memory,
  }: ControlPlaneWorld,
  onFailure: (failure: unknown) => void,
) {
  const clock = watchedClock(wallClock, (byMs) => {
    machines.clockWasSet(byMs);
    rollouts.clockWasSet(byMs);
  });
  const documents = new SignedTree(tree, key);
  const tokens = new Tokens(tree, documents, clock);
  const audit = new AuditLog({ tree, documents, memory }, clock);
  const machines = new Machines(tree, documents, clock);
  const joins = new MachineJoins(machines, tokens, clock);
  const environments = new Environments(tree, documents, clock);
  const revisions = new Revisions(tree, blobs, documents);
  const settings = new ServiceSettings(documents, settingsKeys);
  const rollouts = new Rollouts(documents);
  const running = { rollouts, environments, machines, audit, clock };
  const runner = new RolloutRunner({ ...running, documents, onFailure });
  const logs = new Logs({
    archive,
    clock,
    isDeployed: (environment, service) => rollouts.list({ environment, service }).length > 0,
    onFailure,
  });
  const delivered = { tree, blobs, revisions, ...running };
  const retention = new Retention(delivered);
  const policies = new Policies({ ...delivered, key });
  const approvals = new Approvals(tree, policies);
  const kept = { tokens, settings, settingsKeys, logs, retention, policies, approvals };
  return { ...delivered, ...kept, joins, runner };
}

function routesOf(
  parts: ReturnType<typeof applicationOf>,
  told: {
    readonly server: Parameters<typeof overviewRoutes>[0]["server"];
    readonly hostOf: (request: Request) => string | undefined;
  },
): readonly Route[] {
  const { server, hostOf } = told;
  const routes: Route[] = [
    ...overviewRoutes({ ...parts, server }),
    ...tokenRoutes(parts),
    ...auditRoutes(parts),
    ...joinRoutes({ ...parts, rootKey: server.rootKey, pollMs, hostOf }),
    ...treeRoutes(parts),
    ...reportRoutes({ ...parts, hostOf }),
    ...removalRoutes(parts),
    ...machineRoutes(parts),
    ...deliveryRoutes(parts),
    ...rolloutRoutes(parts),
    ...policyRoutes(parts),
    route({
      method: "GET",
      path: "/openapi.json",
      summary: "This document.",
      admission: "anybody",
      handle: async () => openApiDocument(routes, server.version),
    }),
  ];
  return routes;
}

/** The same work, never twice at once. */
function oneByOne(work: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  return async () => {
    const turn = last.then(work, work);
    last = turn;
    await turn;
  };
}

/** Does something now and every hour. */
function again(
  work: () => Promise<void>,
  clock: Clock,
  onFailure: (failure: unknown) => void,
): AsyncDisposable {
  let timer: Disposable | undefined;
  let working = Promise.resolve();
  const turn = (): void => {
    working = working.then(work).catch(onFailure);
    timer = clock.after(upkeepMs, turn);
  };
  turn();
  return {
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]();
      await working;
    },
  };
}
