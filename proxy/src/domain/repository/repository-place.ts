// Where the repository of a module is, as far as the module's path alone tells.
import { ProxyFailure } from "../proxy-failure.ts";

/** Where to look for a module. */
export interface RepositoryPlace {
  /** The version control system by the name of its program, such as `git`; `mod` means that `urls` name a module proxy. */
  readonly system: string;
  /** Addresses with their schemes. They name the same repository: the first that answers is taken. */
  readonly urls: readonly string[];
  /** The beginning of the module path that stands for the repository, or for `directory` in it. */
  readonly root: string;
  /** A directory in the repository, without slashes at its ends; "" for its root. */
  readonly directory: string;
}

/** Schemes that git speaks, in the order in which the go command tries them. */
const secureSchemes = ["https", "git+ssh"];
const insecureSchemes = ["https", "http", "git+ssh"];

interface KnownHost {
  readonly prefix: string;
  readonly system: string;
  /** What the elements after the prefix must look like up to the root of the repository. */
  readonly elements: readonly RegExp[];
  /** Whether the name of a repository may end in `.git` or the like. */
  readonly mayHaveSuffix: boolean;
  /** Whether nothing may follow the root of the repository. */
  readonly isRootOnly?: boolean;
}

const word = /^[\w.-]+$/;

/** Authority: cmd/go vcs, vcsPaths. */
const knownHosts: readonly KnownHost[] = [
  { prefix: "github.com", system: "git", elements: [word, word], mayHaveSuffix: false },
  { prefix: "bitbucket.org", system: "git", elements: [word, word], mayHaveSuffix: false },
  {
    prefix: "hub.jazz.net/git",
    system: "git",
    elements: [/^[a-z0-9]+$/, word],
    mayHaveSuffix: false,
  },
  {
    prefix: "git.apache.org",
    system: "git",
    elements: [/^[a-z0-9_.-]+\.git$/],
    mayHaveSuffix: true,
  },
  { prefix: "git.openstack.org", system: "git", elements: [word, word], mayHaveSuffix: true },
  {
    prefix: "chiselapp.com",
    system: "fossil",
    elements: [/^user$/, /^[A-Za-z0-9]+$/, /^repository$/, word],
    mayHaveSuffix: true,
    isRootOnly: true,
  },
];

const systemSuffix = /\.(bzr|fossil|git|hg|svn)$/;

/**
 * The place that a path tells by itself: on a well-known host, or with `.git` or the like at the end of an element.
 * `undefined` if only the host can tell. Throws `not_found` if the host is well known but has no such repositories.
 * Authority: cmd/go vcs.repoRootFromVCSPaths. `git://` is not among the addresses: it is neither private nor safe.
 */
export function placeFromPath(path: string, isInsecure: boolean): RepositoryPlace | undefined {
  const host = knownHosts.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
  return host === undefined ? placeBySuffix(path, isInsecure) : placeOnHost(path, host);
}

function placeOnHost(path: string, host: KnownHost): RepositoryPlace {
  const { prefix, system, elements } = host;
  const given = path.slice(prefix.length + 1).split("/");
  const repository = given.slice(0, elements.length);
  const rest = given.slice(elements.length);
  const fits =
    elements.every((element, index) => element.test(repository[index] ?? "")) &&
    rest.every((element) => word.test(element)) &&
    !(host.isRootOnly && rest.length > 0);
  if (!fits) throw new ProxyFailure("not_found", `${prefix} has no repositories at such paths`);
  const root = [prefix, ...repository].join("/");
  if (!host.mayHaveSuffix && systemSuffix.test(root)) {
    const suffix = systemSuffix.exec(root)?.[0] ?? "";
    throw new ProxyFailure(
      "not_found",
      `the path of a repository on ${prefix} does not end in ${suffix}`,
    );
  }
  return { system, urls: [`https://${root}`], root, directory: "" };
}

/** `host.example/name.git/sub`: the address lacks the suffix, the root has it. */
function placeBySuffix(path: string, isInsecure: boolean): RepositoryPlace | undefined {
  const elements = path.split("/");
  const [host = "", ...names] = elements;
  if (!/^[a-z0-9.-]+\.[a-z0-9.-]+$/.test(host)) return undefined;
  if (!names.every((name) => /^~?[\w.-]+$/.test(name))) return undefined;
  const index = names.findIndex((name) => /[\w.-]\.\w+$/.test(name) && systemSuffix.test(name));
  if (index < 0) return undefined;

  const root = elements.slice(0, index + 2).join("/");
  const system = systemSuffix.exec(root)?.[1] ?? "";
  const address = root.slice(0, -`.${system}`.length);
  const schemes = isInsecure ? insecureSchemes : secureSchemes;
  return { system, urls: schemes.map((scheme) => `${scheme}://${address}`), root, directory: "" };
}
