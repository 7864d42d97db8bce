// What an S3 store has to be told.

/** Which bucket, where, and as whom. */
export interface S3Settings {
  readonly bucket: string;
  /** Whether the bucket is made if it does not exist. */
  readonly isCreated?: boolean;
  /** Where it is absent, the SDK looks for it in its own places. */
  readonly region?: string | undefined;
  /** The URL of a server that speaks S3's protocol; AWS if it is absent. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket is part of the path and not of the host name. */
  readonly isPathStyle: boolean;
  /** A URL that gives out credentials as the metadata service of containers does. Asked before `keys` are used. */
  readonly credentialsUrl?: string | undefined;
  /** Without these and the URL, credentials are looked for where AWS's own programs look: environment, files, machine. */
  readonly keys?:
    | { readonly id: string; readonly secret: string; readonly token?: string | undefined }
    | undefined;
}
