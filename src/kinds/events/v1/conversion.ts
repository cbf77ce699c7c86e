/** events.k8s.io/v1 and core/v1 events are one thing under two sets of names; the store keeps the core/v1 form. */
import type { EventSource } from "#kinds/core/v1/event.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import type { ObjectReference } from "#kinds/core/v1/references.ts";
import type { EventSeries } from "#kinds/events/v1/event.ts";
import type { KubeObject } from "#kinds/kind.ts";

/** An events.k8s.io/v1 event; see EventShape. */
export interface NewEventShape extends KubeObject {
  eventTime: string;
  series?: EventSeries;
  reportingController?: string;
  reportingInstance?: string;
  action?: string;
  reason?: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  note?: string;
  type?: string;
  deprecatedSource: EventSource;
  deprecatedFirstTimestamp?: string;
  deprecatedLastTimestamp?: string;
  deprecatedCount?: number;
}

/** Each name in events.k8s.io/v1 with its name in core/v1; all other fields have the same name in both. */
const RENAMED: readonly (readonly [keyof NewEventShape, keyof EventShape])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

function rename(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): Record<string, unknown> {
  const entries = Object.entries(object).map(([k, v]) => [names.get(k) ?? k, v] as const);
  return { ...Object.fromEntries(entries), apiVersion };
}
const newToCore: ReadonlyMap<string, string> = new Map(RENAMED);
const coreToNew: ReadonlyMap<string, string> = new Map(RENAMED.map(([a, b]) => [b, a]));

/** Shares its parts with the object that is given. */
export function toCoreEvent(event: NewEventShape): EventShape {
  const core = rename(event, newToCore, "v1");
  return { reportingComponent: "", reportingInstance: "", ...core } as unknown as EventShape;
}
/** Shares its parts with the object that is given. */
export function fromCoreEvent(event: EventShape): NewEventShape {
  const { reportingController, reportingInstance, ...rest } = rename(event, coreToNew, "events.k8s.io/v1");
  return {
    ...rest,
    ...(reportingController !== "" && { reportingController }),
    ...(reportingInstance !== "" && { reportingInstance }),
  } as unknown as NewEventShape;
}
