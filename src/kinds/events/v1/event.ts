import { EventSource } from "#kinds/core/v1/event.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { int32, microTime, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.events.v1");

export const EventSeries = object("EventSeries", "", {
  count: int32(1, "").required().always(),
  lastObservedTime: microTime(2, "").required().always(),
});
export interface EventSeries extends ObjectOf<typeof EventSeries> {}

export const Event = kind(
  {
    group: "events.k8s.io",
    version: "v1",
    kind: "Event",
    plural: "events",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.events.v1",
    fields: {
      eventTime: microTime(2, "").required().always(),
      series: EventSeries(3, ""),
      reportingController: string(4, ""),
      reportingInstance: string(5, ""),
      action: string(6, ""),
      reason: string(7, ""),
      regarding: ObjectReference(8, "").always(),
      related: ObjectReference(9, ""),
      note: string(10, ""),
      type: string(11, ""),
      deprecatedSource: EventSource(12, "").always(),
      deprecatedFirstTimestamp: time(13, ""),
      deprecatedLastTimestamp: time(14, ""),
      deprecatedCount: int32(15, ""),
    },
  },
  { short: ["ev"], storedAs: { group: "", version: "v1" } },
);
export interface Event extends ObjectOf<typeof Event> {}
