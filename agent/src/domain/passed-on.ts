// What a process hands down to one that it starts in its own place: nobody else can give that one anything. Pure.
import { createHash } from "node:crypto";
import { canonicalJson } from "@stoa/deployment";
import type { Launch } from "./launch.ts";

/** Digests of what is handed down, by what people call it. */
export type PassedOn = Readonly<Record<(typeof parts)[number], string>>;

const parts = ["program", "arguments", "settings", "sockets", "user", "limits"] as const;

/** Of a process that replaces itself (execve(2): all of it is inherited or repeated); undefined for one that does not. */
export function passedOn(launch: Launch): PassedOn | undefined {
  if (launch.succession === undefined) return undefined;
  const { program, directory, environment, sockets, user, limits } = launch;
  return {
    program: digestOf([program, directory]),
    arguments: digestOf(launch.arguments),
    settings: digestOf(environment),
    sockets: digestOf(sockets),
    user: digestOf(user ?? ""),
    limits: digestOf(limits ?? {}),
  };
}

/** What of it differs; empty if one process can be started by the other. */
export function differencesOf(one: PassedOn, other: PassedOn): readonly string[] {
  return parts.filter((part) => one[part] !== other[part]);
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
