// What an Azure store has to be told.

/** Which container, where, and as whom. */
export interface AzureSettings {
  readonly container: string;
  readonly account: string;
  /** The URL of the account; that of the public cloud if it is absent. */
  readonly endpoint?: string | undefined;
  readonly identity:
    | { readonly kind: "key"; readonly key: string }
    | { readonly kind: "managed"; readonly resourceId: string; readonly scope: string }
    /** What the environment, the workload, the machine or a login offers. */
    | { readonly kind: "default" };
}
