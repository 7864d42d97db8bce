// A small delivery for tests: a tree of signed documents in a folder, a keeper and an agent on a root of their own.
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import {
  type Architecture,
  approvalPath,
  type EnvironmentIndex,
  type MachineStatus,
  makeSecretKey,
  type Policy,
  publicKeyLine,
  type Revision,
  type Run,
  readGoBuildInfo,
  revisionId,
  type SecretKey,
  type ServiceStatus,
  sealEnvelope,
  settingsDigest,
} from "@stoa/deployment";
import { keeperClient } from "../adapters/keeper-client/keeper-client.ts";
import { type AgentSettings, openAgent } from "../agent.ts";
import { layoutOf } from "../domain/layout.ts";
import type { Supervisor } from "../domain/supervisor.ts";
import { openKeeper, type RunningKeeper } from "../keeper.ts";

/** This machine, in Go's word. */
const thisArch: Architecture = arch() === "x64" ? "amd64" : (arch() as Architecture);

/** How most tests run a service. */
const usualRun: Run = {
  entry: "bin/service",
  arguments: [],
  environment: {},
  sockets: [{ name: "http", address: "127.0.0.1:0" }],
  health: {
    kind: "http",
    socket: "http",
    path: "/",
    intervalMs: 50,
    timeoutMs: 2_000,
    healthyAfter: 1,
    deadlineMs: 10_000,
    minimumHealthyMs: 0,
  },
  readiness: "none",
  handOff: "overlap",
  drainMs: 10_000,
};

/** A tree of documents and blobs, and the key that signs it. */
export class Tree {
  readonly folder: string;
  readonly key: SecretKey = makeSecretKey();
  /** What was published, by its id. */
  readonly revisions = new Map<string, Revision>();
  /** Which policy the index names; 0 for none. */
  policySerial = 0;
  #serial = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  }

  /** Publishes a revision whose only file is a program, and returns its id. */
  publish(service: string, version: string, program: string, run: Partial<Run> = {}): string {
    const content = readFileSync(program);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const go = readGoBuildInfo(content);
    cpSync(program, join(this.folder, "blobs", "sha256", sha256));
    const revision: Revision = {
      format: 1,
      service,
      version,
      os: "linux",
      arch: thisArch,
      files: [{ path: "bin/service", mode: 0o755, size: statSync(program).size, sha256 }],
      run: { ...usualRun, ...run },
      ...(go === undefined ? {} : { go }),
    };
    return this.publishRevision(revision);
  }

  /** Publishes a revision with an appspec from texts. */
  publishBundle(service: string, version: string, files: Readonly<Record<string, string>>): string {
    const described = Object.entries(files).map(([path, content]) => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      writeFileSync(join(this.folder, "blobs", "sha256", sha256), content);
      return { path, mode: path.endsWith(".sh") ? 0o755 : 0o644, size: content.length, sha256 };
    });
    return this.publishRevision({
      format: 1,
      service,
      version,
      os: "linux",
      arch: thisArch,
      files: described.sort((one, other) => (one.path < other.path ? -1 : 1)),
      appspec: { path: "appspec.yml" },
    });
  }

  publishRevision(revision: Revision): string {
    const id = revisionId(revision);
    const folder = join(this.folder, "revisions", revision.service);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${id}.json`), sealEnvelope("revision", revision, this.key));
    this.revisions.set(id, revision);
    return id;
  }

  /** Puts the next policy into the tree, which the next index names. */
  decree(more: Partial<Policy> = {}, ...keys: readonly SecretKey[]): Policy {
    this.policySerial += 1;
    const serial = this.policySerial;
    const policy: Policy = {
      format: 1,
      environment: "production",
      serial,
      issuedAt: new Date().toISOString(),
      notAfter: new Date(Date.now() + 3_600_000).toISOString(),
      keys: [publicKeyLine(this.key)],
      threshold: 1,
      administrators: [publicKeyLine(this.key)],
      quorum: 1,
      rules: [],
      ...more,
    };
    const signers = keys.length === 0 ? [this.key] : keys;
    this.write(
      `environments/production/policy/${serial}.json`,
      sealEnvelope("policy", policy, signers),
    );
    return policy;
  }

  /** Approves a revision, without any settings. */
  approve(service: string, revision: string, ...keys: readonly SecretKey[]): void {
    this.approveWith({}, service, revision, ...keys);
  }

  /** Approves a revision with these settings. */
  approveWith(
    environment: Readonly<Record<string, string>>,
    service: string,
    revision: string,
    ...keys: readonly SecretKey[]
  ): void {
    const settings = settingsDigest({ environment });
    const adding = settings === undefined ? {} : { settings };
    const approval = {
      format: 1,
      environment: "production",
      service,
      revision,
      ...adding,
    } as const;
    this.write(approvalPath(approval), sealEnvelope("approval", approval, keys));
  }

  /** Says which revision every machine should run; the others of the environment are forgotten. */
  assign(
    services: Readonly<Record<string, string>>,
    settings: Readonly<Record<string, string>> = {},
    key: SecretKey = this.key,
  ): number {
    this.#serial += 1;
    const serial = this.#serial;
    const index: EnvironmentIndex = {
      format: 1,
      environment: "production",
      serial,
      issuedAt: new Date().toISOString(),
      notAfter: new Date(Date.now() + 3_600_000).toISOString(),
      ...(this.policySerial === 0 ? {} : { policy: this.policySerial }),
      services: Object.fromEntries(
        Object.entries(services).map(([service, revision]) => [
          service,
          {
            service,
            rollout: `r${serial}`,
            serial,
            revision,
            selector: [],
            waves: [],
            open: 0,
            state: "settled",
            settings: { environment: settings },
          } as const,
        ]),
      ),
    };
    this.write("environments/production/index.json", sealEnvelope("environment", index, key));
    return serial;
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  /** Waits until a machine reports a service as wanted, in a report that is not older, and returns its status. */
  async until(
    machine: string,
    service: string,
    wanted: (status: ServiceStatus) => boolean,
    sinceMs = 0,
  ): Promise<ServiceStatus> {
    const deadline = performance.now() + 120_000;
    while (true) {
      const whole = this.status(machine);
      const status = whole?.services[service];
      const isNew = whole !== undefined && Date.parse(whole.at) >= sinceMs;
      if (status !== undefined && isNew && wanted(status)) return status;
      if (performance.now() > deadline) {
        throw new Error(
          `${service}: ${JSON.stringify(status)}\n${whole?.decisions.map((one) => JSON.stringify(one)).join("\n")}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** What a machine has reported last. */
  status(machine: string): MachineStatus | undefined {
    try {
      const { document } = JSON.parse(
        readFileSync(join(this.folder, "machines", machine, "status.json"), "utf8"),
      );
      return JSON.parse(document);
    } catch {
      return undefined;
    }
  }
}

/** An agent at work on a machine. */
export interface TestAgent extends AsyncDisposable {
  readonly decisions: readonly string[];
  /** Waits until the service is as wanted, and returns its status. */
  until(service: string, wanted: (status: ServiceStatus) => boolean): Promise<ServiceStatus>;
  stopAgent(): Promise<void>;
}

/** A machine with a keeper and an agent. */
export interface TestMachine extends TestAgent {
  readonly root: string;
  readonly supervisor: Supervisor;
  /** Where its socket `http` is reached. */
  urlOf(service: string): Promise<string>;
  /** Another agent for the same machine, after the first was stopped. */
  anotherAgent(): Promise<TestAgent>;
}

/**
 * Starts a machine. Disposed of, it ends everything that it has started; a keeper that `supervision` has the agent start is
 * the test's to end.
 */
export async function openMachine(
  folder: string,
  tree: Tree,
  more: Partial<AgentSettings> = {},
): Promise<TestMachine> {
  const root = more.root ?? mkdtempSync(join(folder, "root-"));
  const keeper: RunningKeeper | undefined =
    more.supervision === undefined ? await openKeeper(root) : undefined;
  const supervisor = keeperClient(layoutOf(root).keeperSocket);
  const agent = startAgent(tree, { ...agentSettings(root, tree), ...more });
  return {
    ...agent,
    root,
    supervisor,
    anotherAgent: async () => startAgent(tree, { ...agentSettings(root, tree), ...more }),
    urlOf: async (service) => {
      const journal = JSON.parse(readFileSync(join(root, "services", service, "journal"), "utf8"));
      return `http://127.0.0.1:${journal.journal.ports.http}/`;
    },
    [Symbol.asyncDispose]: async () => {
      await agent.stopAgent();
      await endAll(supervisor);
      await keeper?.[Symbol.asyncDispose]();
    },
  };
}

function startAgent(tree: Tree, settings: AgentSettings): TestAgent {
  const decisions: string[] = [];
  const end = new AbortController();
  const since = Date.now();
  const decided = (text: string): number => decisions.push(text);
  const running = openAgent({ ...settings, decided }).run(end.signal);
  const stopAgent = async (): Promise<void> => {
    end.abort();
    await running;
  };
  return {
    decisions,
    stopAgent,
    until: (service, wanted) => tree.until(settings.machine, service, wanted, since),
    [Symbol.asyncDispose]: stopAgent,
  };
}

/** What an agent is told that reads a tree in a folder. */
function agentSettings(root: string, tree: Tree): AgentSettings {
  return {
    root,
    machine: "one",
    tags: {},
    arch: thisArch,
    environment: "production",
    keys: [tree.key],
    threshold: 1,
    policyKeys: [],
    machineKey: makeSecretKey(),
    source: { kind: "folder", path: tree.folder },
    pollMs: 50,
    version: "test",
    decided: () => undefined,
  };
}

/** Ends every process of a keeper. */
async function endAll(supervisor: Supervisor): Promise<void> {
  for (const { service, id } of await supervisor.views()) {
    await supervisor.stop(service, id, { graceMs: 0 });
    await supervisor.wait(service, id, "gone", 60_000);
  }
}
