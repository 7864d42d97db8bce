// What an S3 store has to be told.

/** Which bucket, where, and as whom. */
export interface S3Settings {
  readonly bucket: string;
  readonly region: string;
  /** The URL of a server that speaks S3's protocol; AWS if it is absent. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket is part of the path and not of the host name. */
  readonly isPathStyle: boolean;
  /** What is absent is looked for where AWS's own programs look: environment, files, container, machine. */
  readonly credentials?:
    | { readonly kind: "keys"; readonly id: string; readonly secret: string; readonly token?: string }
    | { readonly kind: "endpoint"; readonly url: string }
    | undefined;
}
