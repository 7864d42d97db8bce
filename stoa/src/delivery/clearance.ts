// What a revision may need before it is rolled out: approvals by keys at hand, and an administrator's word during a freeze.
import { type ApprovedRevision, giveApproval } from "./approval.ts";
import type { ControlClient } from "./control-client.ts";
import { readKeyFile } from "./key-file.ts";
import { changePolicy } from "./policy-change.ts";

/** What the command line says about it. */
export interface ClearanceOptions {
  /** Files of secret keys that approve. */
  readonly key: readonly string[];
  /** Why it passes although the environment is frozen. */
  readonly override?: string;
  /** Files of secret keys of administrators, where the server's signature is not enough to override. */
  readonly adminKey: readonly string[];
}

/** Approves and overrides as the command line says; nothing where it says nothing. */
export async function clear(
  client: ControlClient,
  folder: string,
  approved: ApprovedRevision,
  { key, override, adminKey }: ClearanceOptions,
): Promise<void> {
  const { environment, service, revision } = approved;
  if (key.length > 0) {
    const keys = await Promise.all(key.map((file) => readKeyFile(folder, file)));
    await giveApproval(client, approved, keys, "");
  }
  if (override === undefined) return;
  const place = { client, folder, environment };
  const change = { kind: "override", service, revision };
  await changePolicy(place, change, { key: adminKey, reason: override });
}
