// What a Google Cloud Storage store has to be told.

/** Which bucket, where, and as whom. */
export interface GcsSettings {
  readonly bucket: string;
  readonly project?: string | undefined;
  /** The URL of the service; Google's own if it is absent. One that begins with `http:` is spoken to without credentials. */
  readonly endpoint?: string | undefined;
  /** Credentials of any type, as Google hands them out as JSON. Without them: those of the environment or the machine. */
  readonly credentials?: Readonly<Record<string, unknown>> | undefined;
}
