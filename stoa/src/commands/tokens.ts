// stoa token join | create | list | revoke
import { parseTagQuery } from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson, giveTable, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

interface ShownToken {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly role?: string;
  readonly environment?: string;
  readonly madeAt: string;
  readonly notAfter?: string;
}

/** Makes a token with which machines join. */
export async function makeJoinToken(
  place: CommandPlace,
  {
    environment = "production",
    tags = "",
    hours,
    json,
  }: { environment?: string; tags?: string; hours: number; json?: boolean },
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const made = await client.post<ShownToken & { token: string }>("/tokens", {
    kind: "join",
    environment,
    tags: tagsOf(tags),
    lifetimeMs: Math.round(hours * 3_600_000),
  });
  if (json === true) {
    giveJson(made);
    return;
  }
  say(`until ${made.notAfter}, on a server: stoa agent --server ${client.server} --join TOKEN`);
  give(made.token);
}

/** Makes a token for a person or a program. */
export async function makeToken(
  place: CommandPlace,
  name: string,
  { role, days, json }: { role: string; days?: number; json?: boolean },
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const made = await client.post<ShownToken & { token: string }>("/tokens", {
    kind: "person",
    name,
    role,
    ...(days === undefined ? {} : { lifetimeMs: Math.round(days * 86_400_000) }),
  });
  if (json === true) giveJson(made);
  else give(made.token);
}

/** Prints all tokens, without what makes them work. */
export async function listTokens(place: CommandPlace, json: boolean): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const { tokens } = await client.get<{ tokens: readonly ShownToken[] }>("/tokens");
  if (json) {
    giveJson(tokens);
    return;
  }
  giveTable(
    ["ID", "FOR", "NAME", "ENVIRONMENT", "MADE", "UNTIL"],
    tokens.map(({ id, kind, name, role, environment, madeAt, notAfter }) => [
      id,
      role ?? kind,
      name,
      environment ?? "-",
      madeAt,
      notAfter ?? "it is revoked",
    ]),
  );
}

/** Revokes a token. */
export async function revokeToken(place: CommandPlace, id: string): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  await client.remove(`/tokens/${encodeURIComponent(id)}`);
  say(`token ${id} is revoked`);
}

/** Tags that a machine gets, each with its value: `role=web zone=a`. Throws a sentence. */
export function tagsOf(text: string): Readonly<Record<string, string>> {
  const pairs = parseTagQuery(text).map((group) => {
    const [{ key, value } = {}] = group;
    if (group.length === 1 && key !== undefined && value !== undefined)
      return [key, value] as const;
    throw new Error(
      `${JSON.stringify(text)} are no tags of a machine: say each with its value, such as role=web`,
    );
  });
  return Object.fromEntries(pairs);
}
