// What a MongoDB storage has to be told.

export interface MongoSettings {
  /** The connection string, credentials included. A database in it is that of the login, and not that of the modules. */
  readonly url: string;
  readonly database: string;
  readonly collection: string;
  /** A file of certificates to trust, as PEM. */
  readonly caFile?: string | undefined;
  /** Whether the server's certificate is left unchecked. */
  readonly isInsecure: boolean;
}
