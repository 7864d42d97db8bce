// Which paths cannot lie beside one another on every file system.
import { foldKey } from "../fold.ts";
import { quoted } from "../invalid-text.ts";

/**
 * The paths of one module, added one by one. Two paths collide if they differ only in case, if one is both a file and a
 * directory, or if a file comes twice; the directories above a path count as paths. Time and memory grow with the total
 * length of the paths only; a file takes little more than its name. Authority: golang.org/x/mod/zip, collisionChecker.
 */
export class PathCollisions {
  readonly #root = new PathNode(undefined, "", new FoldedPath(), 0);
  /** Further spellings of folded paths, keyed by the number of the directory and the element in it. */
  readonly #otherSpellings = new Map<string, PathNode>();
  /** Files come directory by directory. */
  #last: { readonly path: string; readonly node: PathNode } = { path: "", node: this.#root };
  #nodes = 0;
  #size = 0;

  /** How many different paths have been added, directories included. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a clean relative path. Returns the collision as the end of a sentence, or `undefined` if there is none. After
   * a collision the path, and the directories up to the one that collides, still count for those to come, as in Go.
   */
  add(path: string, isDirectory: boolean): string | undefined {
    const parent = this.#parentOf(path);
    const element = path.slice(path.lastIndexOf("/") + 1);
    return isDirectory || !this.#addFirstFile(parent, element, path)
      ? (claim(this.#child(parent, element), isDirectory) ?? claimAbove(parent))
      : claimAbove(parent);
  }

  /** Adds a file to whose place nothing has come yet. */
  #addFirstFile(parent: PathNode, element: string, path: string): boolean {
    const { children } = parent.folded;
    const key = foldKey(element);
    if (children.has(key)) return false;
    children.set(key, path);
    this.#size += 1;
    return true;
  }

  #parentOf(path: string): PathNode {
    const directory = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    if (directory === this.#last.path) return this.#last.node;
    let node = this.#root;
    for (const element of directory === "" ? [] : directory.split("/")) {
      node = this.#child(node, element);
    }
    this.#last = { path: directory, node };
    return node;
  }

  #child(parent: PathNode, element: string): PathNode {
    const folded = this.#foldedChild(parent, element);
    const { spelling } = folded;
    if (spelling?.parent === parent && spelling.element === element) return spelling;
    if (spelling !== undefined) return this.#otherSpelling(parent, element, folded);
    this.#size += 1;
    folded.spelling = this.#newNode(parent, element, folded);
    return folded.spelling;
  }

  #foldedChild(parent: PathNode, element: string): FoldedPath {
    const { children } = parent.folded;
    const key = foldKey(element);
    const known = children.get(key);
    if (known instanceof FoldedPath) return known;
    const folded = new FoldedPath();
    children.set(key, folded);
    if (known !== undefined) this.#takeOver(known, folded);
    return folded;
  }

  /** A file that was alone in its place gets company. */
  #takeOver(path: string, folded: FoldedPath): void {
    const element = path.slice(path.lastIndexOf("/") + 1);
    folded.spelling = this.#newNode(this.#parentOf(path), element, folded);
    folded.owner = folded.spelling;
  }

  #otherSpelling(parent: PathNode, element: string, folded: FoldedPath): PathNode {
    const key = `${parent.id}/${element}`;
    const known = this.#otherSpellings.get(key);
    if (known !== undefined) return known;
    const node = this.#newNode(parent, element, folded);
    this.#size += 1;
    this.#otherSpellings.set(key, node);
    return node;
  }

  #newNode(parent: PathNode, element: string, folded: FoldedPath): PathNode {
    this.#nodes += 1;
    return new PathNode(parent, element, folded, this.#nodes);
  }
}

/** One path as it is spelled. */
class PathNode {
  readonly parent: PathNode | undefined;
  readonly element: string;
  readonly folded: FoldedPath;
  readonly id: number;
  /** This and all directories above it have been claimed as directories. */
  settled = false;

  constructor(parent: PathNode | undefined, element: string, folded: FoldedPath, id: number) {
    this.parent = parent;
    this.element = element;
    this.folded = folded;
    this.id = id;
  }
}

/** All paths that differ only in case. The first of them owns the place. */
class FoldedPath {
  /** By their folded elements. A file that is alone in its place, as nearly all are, is there with its whole path. */
  readonly children = new Map<string, FoldedPath | string>();
  /** The first that was met: nearly always there is no other. */
  spelling: PathNode | undefined = undefined;
  owner: PathNode | undefined = undefined;
  ownerIsDirectory = false;
}

function claimAbove(directory: PathNode): string | undefined {
  const climbed: PathNode[] = [];
  for (let above = directory; above.parent && !above.settled; above = above.parent) {
    const problem = claim(above, true);
    if (problem !== undefined) return problem;
    climbed.push(above);
  }
  for (const above of climbed) above.settled = true;
  return undefined;
}

function claim(node: PathNode, isDirectory: boolean): string | undefined {
  const { folded } = node;
  if (folded.owner === undefined) {
    folded.owner = node;
    folded.ownerIsDirectory = isDirectory;
    return undefined;
  }
  if (folded.owner !== node) {
    return `${quotedPath(folded.owner)} and ${quotedPath(node)} differ only in case`;
  }
  if (folded.ownerIsDirectory !== isDirectory) {
    return `${quotedPath(node)} is both a file and a directory`;
  }
  return isDirectory ? undefined : `the file ${quotedPath(node)} occurs twice`;
}

function quotedPath(node: PathNode): string {
  const elements: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) elements.push(at.element);
  return quoted(elements.reverse().join("/"));
}
