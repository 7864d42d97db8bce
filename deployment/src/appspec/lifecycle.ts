// The events of a deployment, their order, and whose scripts run at them. Authority: CodeDeploy's "AppSpec hooks section".

/** The events in their order, for a machine whose service is exchanged in place. */
export const lifecycleEvents = [
  "BeforeBlockTraffic",
  "BlockTraffic",
  "AfterBlockTraffic",
  "ApplicationStop",
  "DownloadBundle",
  "BeforeInstall",
  "Install",
  "AfterInstall",
  "ApplicationStart",
  "ValidateService",
  "BeforeAllowTraffic",
  "AllowTraffic",
  "AfterAllowTraffic",
] as const;

/** An event of a deployment. */
export type LifecycleEvent = (typeof lifecycleEvents)[number];

/** Events at which the agent itself works; no script can be hung on them. */
const reserved: readonly LifecycleEvent[] = [
  "BlockTraffic",
  "DownloadBundle",
  "Install",
  "AllowTraffic",
];

/** Events that exist only where traffic is taken away from a machine before and given back after. */
const traffic: readonly LifecycleEvent[] = lifecycleEvents.filter((event) =>
  event.includes("Traffic"),
);

/** Events that end what runs: scripts of the revision that was last installed know how. */
const ofOld: readonly LifecycleEvent[] = [
  "BeforeBlockTraffic",
  "AfterBlockTraffic",
  "ApplicationStop",
];

/** The events of a deployment in their order. */
export function lifecycleOf({
  hasTraffic,
}: {
  readonly hasTraffic: boolean;
}): readonly LifecycleEvent[] {
  return hasTraffic ? lifecycleEvents : lifecycleEvents.filter((event) => !traffic.includes(event));
}

/** Whether scripts can be hung on an event. */
export function isHook(event: LifecycleEvent): boolean {
  return !reserved.includes(event);
}

/** Whether a text names an event. */
export function isLifecycleEvent(text: string): text is LifecycleEvent {
  return (lifecycleEvents as readonly string[]).includes(text);
}

/**
 * Whose scripts run at an event: those of the revision that was installed last for the events that end it, as long as the
 * new one is not unpacked; else those of the new one. `none` where nothing was ever installed.
 */
export function scriptsAt(
  event: LifecycleEvent,
  seen: { readonly wasInstalled: boolean; readonly isNewUnpacked: boolean },
): "old" | "new" | "none" {
  if (!ofOld.includes(event) || seen.isNewUnpacked) return "new";
  return seen.wasInstalled ? "old" : "none";
}

/**
 * The events that somebody asked to run on their own machine, in the order asked for, with DownloadBundle and Install added
 * where they are missing. A string instead says what is wrong with the order, as `codedeploy-local` would.
 */
export function chosenEvents(asked: readonly LifecycleEvent[]): readonly LifecycleEvent[] | string {
  if (new Set(asked).size !== asked.length) return "an event is named twice";
  const events = [...asked];
  if (!events.includes("DownloadBundle"))
    events.splice(countLeading(events, ofOld), 0, "DownloadBundle");
  if (!events.includes("Install")) {
    const start = events.indexOf("DownloadBundle") + 1;
    events.splice(start + countLeading(events.slice(start), ["BeforeInstall"]), 0, "Install");
  }
  const download = events.indexOf("DownloadBundle");
  const tooEarly = events.slice(0, download).find((event) => !ofOld.includes(event));
  if (tooEarly !== undefined)
    return `${tooEarly} cannot come before DownloadBundle: it needs the new bundle`;
  const between = events
    .slice(download + 1, events.indexOf("Install"))
    .find((event) => event !== "BeforeInstall");
  if (between !== undefined || events.indexOf("Install") < download) {
    return `${between ?? "Install"} cannot come ${between === undefined ? "before DownloadBundle" : "before Install"}`;
  }
  return events;
}

function countLeading(events: readonly LifecycleEvent[], among: readonly LifecycleEvent[]): number {
  const end = events.findIndex((event) => !among.includes(event));
  return end === -1 ? events.length : end;
}
