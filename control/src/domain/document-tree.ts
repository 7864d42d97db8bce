// What the control plane needs of the place where documents are kept.

/** A document and the tag that names just these bytes. */
export interface StoredDocument {
  readonly text: string;
  /** Other bytes at this path have another one; without quotes. */
  readonly etag: string;
}

/**
 * Small texts by path (`machines/web-1/status.json`), each of them whole or absent. A path is of segments of letters, digits,
 * `.`, `_`, `-` that do not begin with a dot; others are refused with `bad_request`. What was written is durable when the promise
 * resolves, and visible to every reader from then on. Writers of one path are told apart by `create` and `replace`: of several at
 * once exactly one wins. An outage is a failure `store_unavailable`, never absence.
 */
export interface DocumentTree {
  /** Undefined if there is none. */
  read(path: string): Promise<StoredDocument | undefined>;
  /** Writes a document that is not there yet; undefined, and nothing written, if it is. */
  create(path: string, text: string): Promise<StoredDocument | undefined>;
  /** Replaces the document that has this tag; undefined, and nothing written, if it has another by now or is gone. */
  replace(path: string, text: string, etag: string): Promise<StoredDocument | undefined>;
  /** The paths of all documents below a folder, in order; none if there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Removes a document; fine if it is not there. */
  remove(path: string): Promise<void>;
}
