// The words of checksum databases: signed notes, trees, tiles, proofs and records, and a client that believes only them.

export {
  type AuthenticRecord,
  ChecksumClient,
  type ChecksumClientParts,
  lookupPath,
} from "./checksum-client.ts";
export { type ChecksumRecord, formatRecord, hashesIn, parseRecord } from "./checksum-record.ts";
export {
  type DatabaseSetting,
  parseDatabaseSetting,
  parseMirroredDatabase,
} from "./database-setting.ts";
export { type Proof, proveRecord, provesRecord, provesTree, proveTree } from "./proofs.ts";
export { type NoteSignature, openNote, type SignedNote } from "./signed-note.ts";
export {
  type HashTile,
  hashFromTile,
  parseTilePath,
  type Tile,
  tileForIndex,
  tilePath,
} from "./tile.ts";
export { type TileSource, TileTree } from "./tile-tree.ts";
export {
  type HashReader,
  nodeHash,
  recordHash,
  splitStoredHashIndex,
  storedHashCount,
  storedHashIndex,
  treeHash,
} from "./tree-hash.ts";
export { formatTreeHead, parseTreeHead, type TreeHead } from "./tree-head.ts";
export { ForkedTree, UntrustedAnswer } from "./untrusted-answer.ts";
export { parseVerifierKey, type VerifierKey } from "./verifier-key.ts";
