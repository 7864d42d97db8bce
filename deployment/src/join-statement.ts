// What a machine signs when it joins: that it holds the key it registers, said for this one occasion.
import { canonicalJson } from "./canonical-json.ts";
import { DocumentProblem } from "./document-problem.ts";
import { type PublicKey, publicKeyLine, type SecretKey } from "./minisign-key.ts";
import { parseSignature, signText, verifiesText } from "./minisign-signature.ts";
import type { Tags } from "./tag-query.ts";

/** Everything that joining is about. Signed for one server, token, name and moment, it is worth nothing for any other. */
export interface JoinStatement {
  readonly machine: string;
  readonly environment: string;
  readonly tags: Tags;
  readonly os: string;
  readonly arch: string;
  /** Hex SHA-256 of the join token. */
  readonly tokenSha256: string;
  /** What the server has asked to be signed: nobody knew it before, and it counts once. */
  readonly challenge: string;
  /** When the server asked, by its clock. */
  readonly at: string;
}

/** It tells these signatures from those under documents: none can be taken for the other. */
const trustedComment = "stoa join";

/** The proof that a machine holds a key: what `minisign -V` verifies under the statement. */
export function signJoin(statement: JoinStatement, key: SecretKey): string {
  return signText(statementText(statement, key), trustedComment, key);
}

/** Whether the proof is of this key, and of just this statement. */
export function provesJoin(statement: JoinStatement, proof: string, key: PublicKey): boolean {
  try {
    const signature = parseSignature(proof);
    return (
      signature.trustedComment === trustedComment &&
      verifiesText(statementText(statement, key), signature, key)
    );
  } catch (failure) {
    if (failure instanceof DocumentProblem) return false;
    throw failure;
  }
}

function statementText(statement: JoinStatement, key: PublicKey): string {
  const { machine, environment, tags, os, arch, tokenSha256, challenge, at } = statement;
  const said = { machine, environment, tags, os, arch, tokenSha256, challenge, at };
  return canonicalJson({ format: 1, publicKey: publicKeyLine(key), ...said });
}
