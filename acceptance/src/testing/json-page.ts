// docs/json.md, which says what commands print with --json.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./repository.ts";

/** Every member is on the page, and every one that is not optional there is in the document. */
export function hasMembersOf(title: string, document: object, ...more: readonly string[]): void {
  const members = [title, ...more].flatMap(membersOn);
  const [needed, all] = [members.filter((name) => !name.endsWith("?")), members.map(withoutMark)];
  const found = Object.keys(document);
  assert.deepEqual(
    found.filter((name) => !all.includes(name)),
    [],
    `docs/json.md does not say under ${title}`,
  );
  assert.deepEqual(
    needed.filter((name) => !found.includes(name)),
    [],
    `${title} has not what docs/json.md says: ${JSON.stringify(document)}`,
  );
}

function membersOn(title: string): readonly string[] {
  const page = readFileSync(join(repositoryRoot, "docs", "json.md"), "utf8");
  const section = page.split("\n## ").find((one) => one.startsWith(`${title}\n`));
  assert.ok(section !== undefined, `docs/json.md has no section ${title}`);
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => (line.split(" | ")[0] ?? "").match(/[a-zA-Z]+\??(?=`)/g) ?? []);
}

function withoutMark(name: string): string {
  return name.replace("?", "");
}
