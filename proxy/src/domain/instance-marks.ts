// How the instances on one storage see one another.

/**
 * A mark for each running instance, in the storage that they share. Nothing depends on them but warnings: a mark may be
 * lost, and that of an instance that died stays until somebody removes it. Methods reject with `store_unavailable` if the
 * storage cannot be read or written.
 */
export interface InstanceMarks {
  /** Makes `text` the mark of an instance. `id` is of hexadecimal digits. */
  write(id: string, text: string): Promise<void>;
  /** All marks, by the ids of the instances. What is being written meanwhile may be seen in part. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** Removes a mark; there may be none. */
  remove(id: string): Promise<void>;
}
