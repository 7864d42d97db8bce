// stoa diff
import {
  type Change,
  differenceOf,
  type Revision,
  type RevisionDifference,
  shortId,
} from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** Prints what differs between two revisions of a service, each named by its id or by the environment that runs it. */
export async function diff(
  place: CommandPlace,
  from: string,
  to: string,
  { service, json }: { readonly service: string; readonly json?: boolean },
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const [before, after] = await Promise.all(
    [from, to].map((name) => revisionOf(client, service, name)),
  );
  if (before === undefined || after === undefined) return;
  const difference = differenceOf(before.revision, after.revision);
  if (json === true) {
    giveJson({ from: before.id, to: after.id, ...difference });
    return;
  }
  give(
    `${service} ${before.revision.version} (${shortId(before.id)}) → ${after.revision.version} (${shortId(after.id)})`,
  );
  showDifference(difference, give);
}

/** Tells a difference line by line. */
export function showDifference(
  { facts, modules, files }: RevisionDifference,
  tell: (line: string) => void,
): void {
  show("", facts, tell, (value) => value);
  show("module ", modules, tell, (value) => value);
  show("file ", files, tell, ({ sha256, mode }) => `${shortId(sha256)} ${mode.toString(8)}`);
}

function show<T>(
  kind: string,
  changes: readonly Change<T>[],
  tell: (line: string) => void,
  text: (value: T) => string,
): void {
  for (const { name, before, after } of changes) {
    const [was, is] = [before, after].map((value) =>
      value === undefined ? "(none)" : text(value),
    );
    tell(`${kind}${name}: ${was} → ${is}`);
  }
}

interface Found {
  readonly id: string;
  readonly revision: Revision;
}

async function revisionOf(client: ControlClient, service: string, name: string): Promise<Found> {
  const { services } = await client.get<{
    services: readonly { service: string; environment: string; revision: string }[];
  }>("/services");
  const running = services.find((one) => one.service === service && one.environment === name);
  const id = running?.revision ?? name;
  return await client.get<Found>(
    `/services/${encodeURIComponent(service)}/revisions/${encodeURIComponent(id)}`,
  );
}
