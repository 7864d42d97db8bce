// How long the audit log was when it was last written, remembered apart from it.

/** The last entry of the log. */
export interface AuditEnd {
  /** 0 before the first entry. */
  readonly number: number;
  /** Hex SHA-256 of its stored text; 64 zeros before the first. */
  readonly hash: string;
}

/** Before the first entry. */
export const auditBeginning: AuditEnd = { number: 0, hash: "0".repeat(64) };

/** A place for it that is not the store of documents, so that who can put that back cannot put back this. */
export interface AuditMemory {
  /** Undefined if nothing was ever written. */
  read(): Promise<AuditEnd | undefined>;
  /** Durable when it has resolved. */
  write(end: AuditEnd): Promise<void>;
}
