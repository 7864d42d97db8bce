// Everything that the operator has said about logging in at the hosts of repositories, in the order in which it counts.
import { homedir } from "node:os";
import { join } from "node:path";
import type { HostCredentials, HostLogin } from "../../domain/repository/host-credentials.ts";
import { GithubApp, type GithubAppSettings, readAppKey } from "./github-app.ts";
import { type HostToken, isForHost, readTokens, type TokenLogin } from "./host-tokens.ts";

/** An entry of .netrc. */
export interface MachineLogin {
  readonly machine: string;
  readonly login: string;
  readonly password: string;
}

/** What credentials are read from. */
export interface HostCredentialSource {
  readonly hostTokens: readonly HostToken[];
  readonly githubToken?: string | undefined;
  readonly githubApp?: GithubAppSettings | undefined;
  /** `undefined` means `.netrc` in the home folder. */
  readonly netrcPath: string | undefined;
}

export interface HostCredentialParts {
  /** Reads .netrc; rejects with a sentence if a file that was named cannot be read. */
  readonly readNetrc: (path: string | undefined) => Promise<readonly MachineLogin[]>;
  /** Where HTTPS_PROXY and the like stand. */
  readonly environment: Readonly<Record<string, string>>;
  readonly nowMs: () => number;
}

/** The credentials of a source; rejects with a sentence if a file cannot be read. */
export async function openHostCredentials(
  source: HostCredentialSource,
  { readNetrc, environment, nowMs }: HostCredentialParts,
): Promise<HostCredentials> {
  const tokens: readonly TokenLogin[] = [
    ...(await readTokens(source.hostTokens)),
    ...githubToken(source.githubToken),
  ];
  const app = source.githubApp && {
    settings: source.githubApp,
    key: await readAppKey(source.githubApp.keyPath),
    environment,
    nowMs,
  };
  const installed = app && new GithubApp(app);
  const netrcPath = source.netrcPath ?? join(homedir(), ".netrc");
  const machines = await readNetrc(source.netrcPath);
  const fromNetrc = (url: URL): HostLogin | undefined => {
    const found = machines.find(({ machine }) => machine === url.hostname || machine === url.host);
    return found && { ...found, from: `the file ${netrcPath}` };
  };
  return async (url) =>
    tokens.find(({ pattern }) => isForHost(pattern, url))?.login ??
    (await installed?.login(url)) ??
    fromNetrc(url);
}

function githubToken(token: string | undefined): readonly TokenLogin[] {
  if (token === undefined) return [];
  const login = { login: "x-access-token", password: token, from: "GithubToken" };
  return [{ pattern: "github.com", login }];
}
