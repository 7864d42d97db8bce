// `direct` behind proxies in a GOPROXY list, and the guesses of `go get` about paths.
import type { ModulePath } from "@stoa/gomod";
import { ProxyFailure } from "./proxy-failure.ts";
import type { Upstream } from "./upstream.ts";

/**
 * To find the module of a package, `go get` asks for the list, then the latest, of every beginning of its path, and most
 * of these are no modules. With several proxies of its own the go command goes on to the next only if none of these
 * exists at the one before (cmd/go modload.queryPattern); a proxy in its place sees each path by itself. So for these two
 * questions
 *
 * - a host alone, and what lies below a module that a proxy before has, is that proxy's to know: no repository is
 *   fetched to say once more that there is nothing;
 * - a host that gives no answer has not been asked (`unsupported`), and what the proxies said stands.
 *
 * Versions, branches and commits are asked for as everywhere.
 */
export function directAfterProxies(direct: Upstream, proxies: readonly Upstream[]): Upstream {
  const guess = async <T>(
    path: ModulePath,
    signal: AbortSignal,
    ask: () => Promise<T>,
  ): Promise<T> => {
    const parent = await knownParent(path, proxies, signal);
    if (parent !== undefined || !path.includes("/")) {
      throw new ProxyFailure("not_found", `its repository is not asked, ${reason(parent)}`);
    }
    return await ask().catch(unlessOut);
  };
  return {
    name: direct.name,
    list: (path, signal) => guess(path, signal, () => direct.list(path, signal)),
    resolve: (path, query, signal) =>
      query === "latest"
        ? guess(path, signal, () => direct.resolve(path, query, signal))
        : direct.resolve(path, query, signal),
    info: (module, signal) => direct.info(module, signal),
    mod: (module, signal) => direct.mod(module, signal),
    zip: (module, signal) => direct.zip(module, signal),
  };
}

function reason(parent: string | undefined): string {
  const advice = "name its version, or the module in GOPRIVATE";
  return parent === undefined
    ? `for it is a host alone: if it is a module, ${advice}`
    : `for a proxy has ${parent} and nothing below that: if it is a module all the same, ${advice}`;
}

/** The longest beginning of a path, not the host alone, that one of the proxies knows as a module. */
async function knownParent(
  path: ModulePath,
  proxies: readonly Upstream[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const elements = path.split("/");
  for (let length = elements.length - 1; length >= 2; length--) {
    const parent = elements.slice(0, length).join("/") as ModulePath;
    for (const proxy of proxies) if (await knows(proxy, parent, signal)) return parent;
  }
  return undefined;
}

async function knows(proxy: Upstream, path: ModulePath, signal: AbortSignal): Promise<boolean> {
  try {
    await proxy.list(path, signal);
    return true;
  } catch (failure) {
    if (failure instanceof ProxyFailure) return false;
    throw failure;
  }
}

function unlessOut(failure: unknown): never {
  const isOut =
    failure instanceof ProxyFailure &&
    (failure.code === "upstream_unavailable" || failure.code === "timed_out");
  if (!isOut) throw failure;
  const { message, subject, cause } = failure;
  throw new ProxyFailure("unsupported", message, { subject, cause });
}
