// A control plane in a folder of its own, and machines that say what a test lets them say.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type MachineStatus,
  makeSecretKey,
  openEnvelope,
  parsePublicKey,
  publicKeyLine,
  type Revision,
  revisionFor,
  revisionId,
  type SecretKey,
  type ServiceStatus,
  sealEnvelope,
  sha256Hex,
  signJoin,
} from "@stoa/deployment";
import { type ControlPlane, openControlPlane } from "../control-plane.ts";
import type { Clock } from "../domain/clock.ts";

/** What was answered. */
export interface Said {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

/** A control plane under test. */
export interface TestControl extends AsyncDisposable {
  readonly control: ControlPlane;
  readonly root: string;
  readonly admin: string;
  /** What went wrong and was nobody's request; unless it is forgiven, disposing of the control plane fails with it. */
  readonly failures: readonly unknown[];
  /** The failures with such a message were meant to be. */
  readonly forgive: (pattern: RegExp) => void;
  /** Asks as the owner of a token; nobody with the empty text. */
  readonly ask: (token: string, method: string, path: string, body?: unknown) => Promise<Said>;
  /** Makes a token. */
  readonly token: (body: object) => Promise<string>;
  readonly join: (name: string, tags?: Readonly<Record<string, string>>) => Promise<TestAgent>;
  /** Uploads a revision of a service; another content is another revision. */
  readonly upload: (service: string, content: string, version?: string) => Promise<string>;
}

/** A machine that says what it is told to say. */
export interface TestAgent {
  readonly name: string;
  readonly token: string;
  readonly key: SecretKey;
  /** Reads the index and reports that everything it should run runs, or what `services` says instead. */
  readonly report: (services?: Readonly<Record<string, Partial<ServiceStatus>>>) => Promise<Said>;
}

/** Opens a control plane in a temporary folder, or again in one that is given. */
export async function testControl({
  root: given,
  clock,
}: {
  readonly root?: string;
  readonly clock?: Clock;
} = {}): Promise<TestControl> {
  const root = given ?? (await mkdtemp(join(tmpdir(), "stoa-control-")));
  const failures: unknown[] = [];
  const forgiven: RegExp[] = [];
  const onFailure = (failure: unknown): void => void failures.push(failure);
  const control = await openControlPlane({ root, version: "0", goproxyPath: "", onFailure }, clock);
  const admin = (await readFile(join(root, "admin-token"), "utf8")).trim();
  const ask: TestControl["ask"] = async (token, method, path, body) => {
    const answer = await control.fetch(
      new Request(`http://stoa/api/v1${path}`, {
        method,
        headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
    const text = await answer.text();
    return { status: answer.status, body: parsed(text), headers: answer.headers };
  };
  const token = async (body: object): Promise<string> =>
    (await ask(admin, "POST", "/tokens", body)).body.token;
  return {
    control,
    root,
    admin,
    failures,
    forgive: (pattern) => void forgiven.push(pattern),
    ask,
    token,
    join: async (name, tags = {}) => joined({ ask, token }, name, tags),
    upload: async (service, content, version = "1.0") => {
      const revision = revisionOf(service, content, version);
      const [file] = revision.files;
      await ask(admin, "PUT", `/blobs/sha256/${file?.sha256}`, content);
      const id = revisionId(revision);
      await ask(admin, "PUT", `/services/${service}/revisions/${id}`, revision);
      return id;
    },
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      if (given === undefined) await rm(root, { recursive: true, force: true, maxRetries: 5 });
      const unmeant = failures.filter(
        (one) => !forgiven.some((pattern) => pattern.test(String(one))),
      );
      if (unmeant.length > 0) throw unmeant[0];
    },
  };
}

/** A revision of one file. */
export function revisionOf(service: string, content: string, version = "1.0"): Revision {
  return {
    format: 1,
    service,
    version,
    os: "linux",
    arch: "amd64",
    files: [
      { path: service, mode: 0o755, size: Buffer.byteLength(content), sha256: sha256Hex(content) },
    ],
    run: {
      entry: service,
      arguments: [],
      environment: {},
      sockets: [{ name: "http", address: ":0" }],
      health: { kind: "listening" },
      readiness: "health",
      handOff: "overlap",
      drainMs: 1_000,
    },
  };
}

/** What a machine posts to join, its key proven. */
export async function joinBody(
  ask: TestControl["ask"],
  {
    token,
    machine,
    key,
    tags = {},
  }: {
    readonly token: string;
    readonly machine: string;
    readonly key: SecretKey;
    readonly tags?: Readonly<Record<string, string>>;
  },
): Promise<Record<string, unknown>> {
  const { body: asked } = await ask("", "POST", "/join/challenge", { token });
  const said = { machine, tags, os: "linux", arch: "amd64" };
  const proof = signJoin({ ...asked, ...said, tokenSha256: sha256Hex(token) }, key);
  const publicKey = publicKeyLine(key);
  return { ...said, token, publicKey, challenge: asked.challenge, proof };
}

async function joined(
  { ask, token }: Pick<TestControl, "ask" | "token">,
  name: string,
  tags: Readonly<Record<string, string>>,
): Promise<TestAgent> {
  const key = makeSecretKey();
  const joinToken = await token({ kind: "join" });
  const { body } = await ask(
    "",
    "POST",
    "/join",
    await joinBody(ask, { token: joinToken, machine: name, tags, key }),
  );
  return {
    name,
    token: body.machineToken,
    key,
    report: async (services = {}) => {
      const index = await ask(body.machineToken, "GET", `/tree/environments/production/index.json`);
      const opened = openEnvelope(JSON.stringify(index.body), {
        kind: "environment",
        keys: [parsePublicKey(body.rootKey)],
        nowMs: Date.now(),
      });
      if ("refused" in opened) throw new Error(opened.refused);
      const status: MachineStatus = {
        format: 1,
        machine: name,
        tags,
        os: "linux",
        arch: "amd64",
        agentVersion: "0",
        seenSerial: opened.document.serial,
        at: new Date().toISOString(),
        services: Object.fromEntries(
          [...revisionFor(opened.document, { name, tags })].map(([service, { revision }]) => [
            service,
            { ...well(revision), ...services[service] },
          ]),
        ),
        decisions: [`it was decided by ${name}`],
      };
      const envelope = sealEnvelope("status", status, key);
      return await ask(body.machineToken, "PUT", `/machines/${name}/status`, envelope);
    },
  };
}

function well(revision: string): ServiceStatus {
  return {
    desired: revision,
    running: revision,
    state: "running",
    sentence: "it runs",
    since: new Date().toISOString(),
    restarts: 0,
    health: "healthy",
    addresses: { http: "[::]:8080" },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
