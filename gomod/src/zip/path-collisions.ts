// Which paths cannot lie beside one another on every file system.
import { foldKey } from "../fold.ts";
import { quoted } from "../invalid-text.ts";

/**
 * The paths of one module, added one by one. Two paths collide if they differ only in case, if one is both a file and a
 * directory, or if a file comes twice; the directories above a path count as paths. Time and memory grow with the total
 * length of the paths only. Authority: golang.org/x/mod/zip, collisionChecker.
 */
export class PathCollisions {
  readonly #root = new PathNode(undefined, "", new FoldedPath(0), 0);
  /** Keyed by the number of the folded directory and the folded element in it. */
  readonly #foldedPaths = new Map<string, FoldedPath>();
  /** Further spellings of folded paths, keyed by the number of the directory and the element in it. */
  readonly #otherSpellings = new Map<string, PathNode>();
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
    let node = this.#root;
    for (const element of path.split("/")) node = this.#child(node, element);

    const problem = claim(node, isDirectory);
    if (problem !== undefined) return problem;
    const climbed: PathNode[] = [];
    for (let above = node.parent; above?.parent && !above.settled; above = above.parent) {
      const problemAbove = claim(above, true);
      if (problemAbove !== undefined) return problemAbove;
      climbed.push(above);
    }
    for (const directory of climbed) directory.settled = true;
    return undefined;
  }

  #child(parent: PathNode, element: string): PathNode {
    const foldedKey = `${parent.folded.id}/${foldKey(element)}`;
    let folded = this.#foldedPaths.get(foldedKey);
    if (folded === undefined) {
      folded = new FoldedPath(this.#foldedPaths.size + 1);
      this.#foldedPaths.set(foldedKey, folded);
    }
    const { spelling } = folded;
    if (spelling?.parent === parent && spelling.element === element) return spelling;
    if (spelling !== undefined) return this.#otherSpelling(parent, element, folded);
    folded.spelling = this.#newNode(parent, element, folded);
    return folded.spelling;
  }

  #otherSpelling(parent: PathNode, element: string, folded: FoldedPath): PathNode {
    const key = `${parent.id}/${element}`;
    const known = this.#otherSpellings.get(key);
    if (known !== undefined) return known;
    const node = this.#newNode(parent, element, folded);
    this.#otherSpellings.set(key, node);
    return node;
  }

  #newNode(parent: PathNode, element: string, folded: FoldedPath): PathNode {
    this.#size += 1;
    return new PathNode(parent, element, folded, this.#size);
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
  readonly id: number;
  /** The first that was met: nearly always there is no other. */
  spelling: PathNode | undefined = undefined;
  owner: PathNode | undefined = undefined;
  ownerIsDirectory = false;

  constructor(id: number) {
    this.id = id;
  }
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
