// stoa deploy: builds, describes, uploads what is missing, rolls out, and says how it went.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Architecture,
  formatTagQuery,
  parseTagQuery,
  type Revision,
  revisionId,
  shortId,
  type TagQuery,
} from "@stoa/deployment";
import { buildProgram, checkedLabel } from "../building/build-program.ts";
import { readGoBuildInfo } from "../building/go-build-info.ts";
import { type GoProject, readGoProject } from "../building/go-project.ts";
import { nativeRevision } from "../building/native-revision.ts";
import { readServiceFile, type ServiceFile } from "../building/service-file.ts";
import type { Environment } from "../config/load-config.ts";
import { ControlClient } from "../delivery/control-client.ts";
import { type BundleFile, readBundleFile } from "../delivery/file-contents.ts";
import { readLogin } from "../delivery/login.ts";
import {
  followRollout,
  type RolloutWish,
  type ShownOutcome,
  startRollout,
} from "../delivery/rollout-progress.ts";
import { give, giveJson, marked, say } from "../delivery/terminal.ts";
import { uploadRevision } from "../delivery/upload.ts";

/** What the command line says. */
export interface DeployOptions {
  readonly service?: string;
  readonly environment?: string;
  readonly tags?: string;
  readonly main?: string;
  readonly label?: string;
  readonly strategy?: string;
  readonly reason?: string;
  readonly detach?: boolean;
  readonly rollback: boolean;
  readonly bake?: number;
  readonly patience?: number;
  readonly json?: boolean;
}

/** Where a command runs. */
export interface CommandPlace {
  readonly environment: Environment;
  readonly folder: string;
}

/** Deploys the Go program of the folder. Throws a sentence if the service does not run it in the end. */
export async function deploy(place: CommandPlace, options: DeployOptions): Promise<void> {
  const began = performance.now();
  const client = new ControlClient(await readLogin(place.environment));
  const file = await readServiceFile(place.folder);
  const environment = options.environment ?? file.environment ?? "production";
  const selector = selectorOf(options, file);
  const arch = await targetArchitecture(client, environment, selector);
  const { revision, contents, dispose } = await built(place, options, file, { client, arch });
  try {
    const id = revisionId(revision);
    const { service, version } = revision;
    say(`${marked(service, "bold")} ${version} is revision ${shortId(id)}`);
    await uploadRevision(client, { id, revision, contents });
    const started = await startRollout(client, {
      environment,
      service,
      revision: id,
      selector,
      kind: "deploy",
      ...rulesOf(options, file),
      reason: options.reason ?? "",
    });
    if (options.detach === true) {
      give(started.rollout.id);
      return;
    }
    const outcome = await followRollout(client, started);
    report(outcome, { json: options.json === true, ms: performance.now() - began });
  } finally {
    await dispose();
  }
}

function rulesOf(
  { strategy: said, rollback, bake, patience }: DeployOptions,
  file: ServiceFile,
): Pick<RolloutWish, "strategy" | "rollBack" | "bakeMs" | "deadlineMs"> {
  const strategy = said ?? file.strategy;
  const bakeMs = bake === undefined ? file.bake : bake * 1000;
  return {
    rollBack: rollback,
    ...(strategy === undefined ? {} : { strategy }),
    ...(bakeMs === undefined ? {} : { bakeMs }),
    ...(patience === undefined ? {} : { deadlineMs: patience * 1000 }),
  };
}

function selectorOf({ tags }: DeployOptions, { machines }: ServiceFile): TagQuery | undefined {
  if (tags !== undefined) return parseTagQuery(tags);
  const groups = Object.entries(machines).map(([key, values]) =>
    [values].flat().map((value) => ({ key, value })),
  );
  return groups.length === 0 ? undefined : groups;
}

/** The one architecture of the group's machines. */
async function targetArchitecture(
  client: ControlClient,
  environment: string,
  selector: TagQuery | undefined,
): Promise<Architecture> {
  const tags = encodeURIComponent(formatTagQuery(selector ?? []));
  const { machines } = await client.get<{
    machines: readonly { machine: string; os: string; arch: Architecture }[];
  }>(`/environments/${environment}/target?tags=${tags}`);
  const [first, ...others] = machines;
  if (first === undefined) throw new Error(`no machine has joined ${environment}`);
  const odd = others.find(({ arch }) => arch !== first.arch);
  if (odd === undefined) return first.arch;
  throw new Error(
    `${first.machine} is ${first.os}/${first.arch} and ${odd.machine} is ${odd.os}/${odd.arch}: one build cannot serve both; choose machines of one kind with --tags`,
  );
}

interface Built {
  readonly revision: Revision;
  readonly contents: readonly BundleFile[];
  readonly dispose: () => Promise<void>;
}

async function built(
  place: CommandPlace,
  options: DeployOptions,
  file: ServiceFile,
  { client, arch }: { readonly client: ControlClient; readonly arch: Architecture },
): Promise<Built> {
  const { goproxyPath } = await client.get<{ goproxyPath: string }>("/server");
  const project = await readGoProject(place.folder, options.main ?? file.main, place.environment);
  const version = checkedLabel(options.label ?? labelOf(project));
  const folder = await mkdtemp(join(tmpdir(), "stoa-deploy-"));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const output = join(folder, project.name);
    say(`building ${project.package} ${version} for linux/${arch}`);
    await buildProgram(
      {
        folder: place.folder,
        package: project.package,
        os: "linux",
        arch,
        goproxy: `${client.server}${goproxyPath}`,
        version,
        commit: project.commit?.hash ?? "unknown",
        output,
        env: place.environment,
      },
      (line) => say(marked(line, "dim")),
    );
    const program = await readBundleFile(output, project.name, 0o755);
    const service = options.service ?? file.service ?? serviceName(project);
    const go = await readGoBuildInfo(output, place.folder);
    const { commit } = project;
    const revision = nativeRevision({ service, version, arch, program, file, commit, go });
    return { revision, contents: [program], dispose };
  } catch (failure) {
    await dispose();
    throw failure;
  }
}

function labelOf({ commit }: GoProject): string {
  if (commit === undefined) return "dev";
  return commit.dirty ? `${commit.label}-dirty` : commit.label;
}

/** A service is called as its program, in the letters that names have. */
function serviceName({ name }: GoProject): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

function report(
  { rollout, url }: ShownOutcome,
  { json, ms }: { readonly json: boolean; readonly ms: number },
): void {
  const { id, service, environment, version, revision, state } = rollout;
  if (json)
    giveJson({
      service,
      environment,
      version,
      revision,
      rollout: id,
      state,
      url,
      ms: Math.round(ms),
    });
  if (state !== "succeeded") {
    throw new Error(`${service} ${version} does not run in ${environment}: ${rollout.sentence}`);
  }
  const machines = Object.keys(rollout.machines).length;
  const where = machines === 1 ? "1 machine" : `${machines} machines`;
  say(
    `${marked("✓", "green")} ${service} ${version} runs on ${where} of ${environment} (${(ms / 1000).toFixed(1)} s)`,
  );
  if (!json && url !== undefined) give(url);
}
