// stoa diff
import { type Change, differenceOf, type Revision, shortId } from "@stoa/deployment";
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
  show("", difference.facts, (value) => value);
  show("module ", difference.modules, (value) => value);
  show("file ", difference.files, ({ sha256, mode }) => `${shortId(sha256)} ${mode.toString(8)}`);
}

function show<T>(kind: string, changes: readonly Change<T>[], text: (value: T) => string): void {
  for (const { name, before, after } of changes) {
    const [was, is] = [before, after].map((value) =>
      value === undefined ? "(none)" : text(value),
    );
    give(`${kind}${name}: ${was} → ${is}`);
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
