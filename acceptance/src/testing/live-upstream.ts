// The upstream that this machine's go command uses, if it can be reached from here.
import { goVariable } from "./go-command.ts";

/** A proxy to build real programs through, and what is needed to check what it serves. */
export interface LiveUpstream {
  readonly url: string;
  /** For the go command: the checksum database, directly or as the upstream mirrors it, or `off`. */
  readonly gosumdb: string;
  /** Why `gosumdb` is off; empty where it is not. */
  readonly unchecked: string;
}

/** A live upstream, or why there is none. */
export type FoundUpstream =
  | { readonly upstream: LiveUpstream }
  | { readonly upstream?: undefined; readonly missing: string };

/** Looks where GOPROXY of `go env` leads. */
export async function liveUpstream(): Promise<FoundUpstream> {
  const goproxy = goVariable("GOPROXY");
  if (goproxy === undefined) return { missing: "there is no go command on this machine" };
  const url = goproxy.split(/[,|]/)[0]?.trim().replace(/\/+$/, "") ?? "";
  if (!/^https?:/.test(url)) return { missing: `GOPROXY=${goproxy} names no proxy first` };
  const answer = await statusOf(`${url}/golang.org/x/mod/@v/v0.20.0.info`);
  if (answer !== 200) return { missing: `${withoutUser(url)} cannot be used from here: ${answer}` };
  return { upstream: { url, ...(await checksums(url)) } };
}

async function checksums(url: string): Promise<Omit<LiveUpstream, "url">> {
  const configured = goVariable("GOSUMDB") || "sum.golang.org";
  if (configured === "off") return { gosumdb: "off", unchecked: "GOSUMDB is off on this machine" };
  const [name = "", address = `https://${name.split("+")[0]}`] = configured.split(/\s+/);
  const mirror = `${url}/sumdb/${name.split("+")[0]}`;
  for (const reachable of [address, mirror]) {
    if ((await statusOf(`${reachable}/latest`)) === 200) {
      return { gosumdb: `${name} ${reachable}`, unchecked: "" };
    }
  }
  return {
    gosumdb: "off",
    unchecked: `neither ${address} nor ${withoutUser(mirror)} can be reached`,
  };
}

/** The status of the answer, or what went wrong instead. */
async function statusOf(url: string): Promise<number | string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    await answer.arrayBuffer();
    return answer.status;
  } catch (failure) {
    const { cause, message } = failure as Error;
    return cause instanceof Error ? cause.message : message;
  }
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
