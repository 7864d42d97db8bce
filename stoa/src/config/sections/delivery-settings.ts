// The keys about delivering services.
import { bucketUrlForms, parseBucketUrl } from "@stoa/blobs";
import { parsedSetting, RefusedValue, switchSetting, textSetting } from "../setting.ts";

function refusing(parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    throw new RefusedValue(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export const deliverySettings = {
  controlPlane: switchSetting({
    name: "ControlPlane",
    environment: ["STOA_CONTROL_PLANE"],
    default: true,
    meaning: "Whether services are deployed through this server. It is loaded at the first use.",
  }),
  controlRoot: textSetting({
    name: "ControlRoot",
    environment: ["STOA_CONTROL_ROOT"],
    default: "",
    meaning:
      "The folder of the control plane: documents, contents, logs, keys. Empty means .stoa/control below DiskStorageRoot.",
  }),
  documents: parsedSetting({
    name: "Documents",
    environment: ["STOA_DOCUMENTS"],
    default: "",
    kind: "URL of a bucket",
    meaning: `The bucket in which the control plane keeps documents and contents, and from which agents can read them without it: ${bucketUrlForms}. Empty means tree in ControlRoot. Credentials are found as the programs of the service find them.`,
    parse: (text) => {
      if (text !== "") refusing(() => parseBucketUrl(text, {}));
      return text;
    },
    print: (text) => text,
  }),
} as const;
