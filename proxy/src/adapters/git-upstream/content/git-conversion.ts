// Whether git has a say in what is handed out: it converts files as .gitattributes says, and refuses some names.
import type { Commit } from "../../../domain/repository/repository-view.ts";
import type { MirrorView } from "../mirror/mirror-view.ts";
import type { ListedFile } from "./listed-files.ts";

/** A file of .gitattributes in the repository. Its path counts from the root. */
export interface AttributesFile {
  readonly mode: string;
  readonly hash: string;
  readonly rawPath: Buffer;
}

/** Whether a file says how git is to convert others. */
export function isAttributes({ path }: ListedFile): boolean {
  return path === ".gitattributes" || path.endsWith("/.gitattributes");
}

/** Those of the directories above a directory, which count for everything in it. */
export async function attributesAbove(
  view: MirrorView,
  commit: Commit,
  directory: string,
): Promise<readonly AttributesFile[]> {
  const names = directory.split("/").filter((name) => name !== "");
  const paths = names.map((_name, index) => [...names.slice(0, index), ".gitattributes"].join("/"));
  const found = await Promise.all(
    paths.map(async (path) => {
      const entry = await view.entry(commit, path);
      if (entry?.kind !== "file" && entry?.kind !== "link") return [];
      const mode = entry.kind === "link" ? "120000" : "100644";
      return [{ mode, hash: entry.hash, rawPath: Buffer.from(path) }];
    }),
  );
  return found.flat();
}

/** Whether git may convert a file, by what the .gitattributes say that have these hashes, or refuse one of the names. */
export async function mayConvert(
  { mirror }: MirrorView,
  attributes: Iterable<string>,
  listed: readonly ListedFile[],
): Promise<boolean> {
  if (listed.some(isQuestionable)) return true;
  const found = await Promise.all(
    [...new Set(attributes)].map(async (hash) => (await mirror.repository.object(hash))?.content),
  );
  return found.some((content) => content === undefined || converting.test(content.toString()));
}

/**
 * The attributes that change what is handed out, as they are written; `text`, `eol=lf`, filters without a driver and the
 * rest change nothing on the way out. Authority: git's convert.c, convert_to_working_tree; git-scm.com/docs/gitattributes.
 */
const converting = /eol=crlf|ident|encoding/;

/**
 * Names that git may refuse to hand out, on some systems or on all: that is for git to say. Authority: git's
 * read-cache.c, verify_path and verify_dotfile; path.c, is_ntfs_dotgit; utf8.c, is_hfs_dotgit.
 */
function isQuestionable({ path }: ListedFile): boolean {
  if (/[\\~]/.test(path)) return true;
  const ascii = path.replace(/[\u0080-\uffff]+/g, "");
  return /(?:^|\/)(?:\.{0,2}|\.git[ .]*(?::[^/]*)?|\.gitmodules[^/]*)(?:$|\/)/i.test(ascii);
}
