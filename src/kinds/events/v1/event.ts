import { EventSource } from "#kinds/core/v1/event.ts";
import { eventColumns } from "#kinds/core/v1/eventcolumns.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import { validateEvent, validateEventUpdate, validateNewEvent } from "#kinds/core/v1/eventvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { fromCoreEvent, type NewEventShape, toCoreEvent } from "#kinds/events/v1/conversion.ts";
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
  {
    short: ["ev"],
    createOnUpdate: true,
    storedAs: { group: "", version: "v1" },
    conversion: { toStored: (e: NewEventShape) => toCoreEvent(e), fromStored: stored => fromCoreEvent(stored as EventShape) },
    selectable: {
      "regarding.kind": e => e.regarding.kind ?? "",
      "regarding.namespace": e => e.regarding.namespace ?? "",
      "regarding.name": e => e.regarding.name ?? "",
      "regarding.uid": e => e.regarding.uid ?? "",
      "regarding.apiVersion": e => e.regarding.apiVersion ?? "",
      "regarding.resourceVersion": e => e.regarding.resourceVersion ?? "",
      "regarding.fieldPath": e => e.regarding.fieldPath ?? "",
      reason: e => e.reason ?? "",
      reportingController: e => e.reportingController ?? "",
      type: e => e.type ?? "",
    },
    rules: {
      validate: (e: NewEventShape, report) => validateEvent(toCoreEvent(e), report),
      validateCreate: (e: NewEventShape, report) => validateNewEvent(toCoreEvent(e), report),
      validateUpdate: (e: NewEventShape, old: NewEventShape, report) => validateEventUpdate(toCoreEvent(e), toCoreEvent(old), report),
    },
    ownColumns: true,
    columns: eventColumns((e: NewEventShape) => toCoreEvent(e)),
  },
);
export interface Event extends ObjectOf<typeof Event> {}
