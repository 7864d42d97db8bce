// What the hosts of repositories write into their hooks.
import type { HookHost } from "./hook-signatures.ts";

/** What a hook tells: which repository, and which tags were added. */
export interface PushedRepository {
  /** The addresses of the repository as module paths, without scheme and `.git`. */
  readonly roots: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Reads the body of a hook. What is no push (a ping, an issue) tells of no repository. Throws a `SyntaxError` if it is no
 * JSON. Authorities: the documents named in `hook-signatures.ts`; Bitbucket Data Center "Event payload".
 */
export function readPush(host: HookHost, text: string): PushedRepository {
  const body: unknown = JSON.parse(text);
  const roots = addressesIn(body).flatMap(rootOf);
  const tags = host === "bitbucket" ? bitbucketTags(body) : gitTags(body);
  return { roots: [...new Set(roots)], tags };
}

function addressesIn(body: unknown): readonly string[] {
  const repository = at(body, "repository");
  const project = at(body, "project");
  const clones = at(at(repository, "links"), "clone");
  return [
    at(repository, "html_url"),
    at(repository, "clone_url"),
    at(repository, "homepage"),
    at(repository, "git_http_url"),
    at(project, "web_url"),
    at(project, "git_http_url"),
    at(at(at(repository, "links"), "html"), "href"),
    ...listed(clones).map((clone) => at(clone, "href")),
  ].flatMap((address) => (typeof address === "string" ? [address] : []));
}

/** A module path has no port and no scheme. */
function rootOf(address: string): readonly string[] {
  const url = URL.parse(address);
  if (url === null || url.hostname === "") return [];
  const path = decodeURIComponent(url.pathname)
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  return path === "" ? [] : [`${url.hostname}${path}`];
}

/** GitHub, GitLab and Gitea: one reference in each push, and an event of its own when a tag is created. */
function gitTags(body: unknown): readonly string[] {
  const ref = at(body, "ref");
  if (typeof ref !== "string") return [];
  const isGone = at(body, "deleted") === true || /^0+$/.test(String(at(body, "after")));
  if (isGone) return [];
  if (ref.startsWith("refs/tags/")) return [ref.slice("refs/tags/".length)];
  return at(body, "ref_type") === "tag" ? [ref] : [];
}

function bitbucketTags(body: unknown): readonly string[] {
  const cloud = listed(at(at(body, "push"), "changes")).map((change) => at(change, "new"));
  const server = listed(at(body, "changes")).filter((change) => at(change, "type") !== "DELETE");
  return [
    ...cloud.flatMap((ref) => (at(ref, "type") === "tag" ? [at(ref, "name")] : [])),
    ...server.map((change) => tagOf(at(at(change, "ref"), "id"))),
  ].flatMap((tag) => (typeof tag === "string" ? [tag] : []));
}

function tagOf(ref: unknown): string | undefined {
  const prefix = "refs/tags/";
  return typeof ref === "string" && ref.startsWith(prefix) ? ref.slice(prefix.length) : undefined;
}

function at(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
