// The keys about repositories: how modules are fetched straight from them, and what to log in with.
import type { HostToken, TokenKind } from "@stoa/proxy";
import {
  type FileValue,
  isTable,
  listSetting,
  numberSetting,
  parsedSetting,
  RefusedValue,
  textOf,
  textSetting,
} from "../setting.ts";

const tokenKinds = [
  "github",
  "gitlab",
  "gitea",
  "bitbucket",
  "basic",
] as const satisfies readonly TokenKind[];

export const directSettings = {
  hostTokens: parsedSetting<readonly HostToken[]>({
    name: "HostTokens",
    environment: ["STOA_HOST_TOKENS"],
    default: [],
    secret: true,
    meaning:
      'Tokens for the hosts of repositories, as PATTERN=KIND:TOKEN;PATTERN=KIND:TOKEN, in a file a table. A pattern is a host or a part of it, as in GOPRIVATE: github.com/acme, *.corp.example; the first that fits counts. KIND is github, gitlab, gitea, bitbucket, or basic, whose token is USER:PASSWORD. "@" and a path instead of the token mean the first line of that file, which is read again when it changes.',
    kind: "PATTERN=KIND:TOKEN;PATTERN=KIND:TOKEN",
    parse: (text) => text.split(";").filter(isNotBlank).map(parseAssignment),
    fromFile: parseTable,
    print: (tokens) =>
      tokens.map(({ pattern, kind, secret }) => `${pattern}=${kind}:${secret}`).join(";"),
  }),
  githubAppId: textSetting({
    name: "GithubAppID",
    environment: ["STOA_GITHUB_APP_ID"],
    default: "",
    meaning:
      "The id of a GitHub App that may read private repositories where it is installed. It logs in with tokens that hold for an hour.",
  }),
  githubAppKey: textSetting({
    name: "GithubAppKey",
    environment: ["STOA_GITHUB_APP_KEY"],
    default: "",
    meaning: "The file with the private key of the GitHub App, in PEM form.",
  }),
  githubApiUrl: parsedSetting({
    name: "GithubAPI",
    environment: ["STOA_GITHUB_API"],
    default: "https://api.github.com",
    meaning: "The API that the GitHub App is known to; https://HOST/api/v3 for an own server.",
    kind: "URL",
    parse: (text) => {
      if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
      throw new RefusedValue(`${JSON.stringify(text)} is no http or https URL`);
    },
    print: (text) => text,
  }),
  privateAddresses: listSetting({
    name: "PrivateAddresses",
    environment: ["STOA_PRIVATE_ADDRESSES"],
    default: [],
    meaning:
      "Patterns of modules whose hosts may have private addresses (10.0.0.0/8, 127.0.0.1 and the like), beside those that GOPRIVATE matches. For all others such addresses are never visited, whoever names them.",
  }),
  mirrorFolder: textSetting({
    name: "MirrorFolder",
    environment: ["STOA_MIRROR_FOLDER"],
    default: "",
    meaning:
      "Where mirrors of repositories are kept. Empty means .stoa/mirrors below the disk storage, and with other storages stoa/mirrors in the user's cache folder. They can be deleted while Stoa does not run.",
  }),
  mirrorLimitMebibytes: numberSetting({
    name: "MirrorLimit",
    environment: ["STOA_MIRROR_LIMIT"],
    default: 20_480,
    unit: "MiB",
    meaning:
      "How much disk the mirrors of one instance may take; beyond that the least used are removed.",
  }),
  fetchLimitMebibytes: numberSetting({
    name: "FetchLimit",
    environment: ["STOA_FETCH_LIMIT"],
    default: 4096,
    unit: "MiB",
    least: 1,
    meaning: "How much one fetch from a repository may bring.",
  }),
  gitFetches: numberSetting({
    name: "GitFetches",
    environment: ["STOA_GIT_FETCHES"],
    default: 8,
    unit: "fetches",
    least: 1,
    meaning:
      "How many fetches from repositories may run at once. As many as UpstreamQueue says may wait.",
  }),
  gitTimeoutSeconds: numberSetting({
    name: "GitTimeout",
    environment: ["STOA_GIT_TIMEOUT"],
    default: 1800,
    unit: "seconds",
    least: 1,
    meaning:
      "How long one fetch from a repository may take in all. How long it may stand still says FirstByteTimeout.",
  }),
} as const;

function isNotBlank(text: string): boolean {
  return text.trim() !== "";
}

/** The text is a secret, so a refusal does not repeat it. */
function parseAssignment(text: string): HostToken {
  const at = text.indexOf("=");
  if (at <= 0) throw new RefusedValue('an entry is not of the form "PATTERN=KIND:TOKEN"');
  return toToken(text.slice(0, at).trim(), text.slice(at + 1).trim());
}

function parseTable(value: FileValue): readonly HostToken[] {
  if (!isTable(value)) {
    throw new RefusedValue('it is no table such as { "github.com/acme" = "github:TOKEN" }');
  }
  return Object.entries(value).map(([pattern, text]) => toToken(pattern, textOf(text)));
}

function toToken(pattern: string, text: string): HostToken {
  const colon = text.indexOf(":");
  const word = text.slice(0, Math.max(colon, 0));
  const kind = tokenKinds.find((known) => known === word);
  const secret = text.slice(colon + 1);
  if (kind === undefined || secret === "") {
    const kinds = tokenKinds.join(", ");
    throw new RefusedValue(
      `the entry for ${pattern} is not of the form "KIND:TOKEN" with one of ${kinds}`,
    );
  }
  if (kind === "basic" && !secret.startsWith("@") && !secret.includes(":")) {
    throw new RefusedValue(`the entry for ${pattern} is not of the form "basic:USER:PASSWORD"`);
  }
  return { pattern, kind, secret };
}
