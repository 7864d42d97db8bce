// The keys about delivering services.
import { switchSetting, textSetting } from "../setting.ts";

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
} as const;
