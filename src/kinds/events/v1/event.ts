import { EventSource } from "#kinds/core/v1/event.ts";
import { eventColumns } from "#kinds/core/v1/eventcolumns.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import { validateEvent, validateEventUpdate, validateNewEvent } from "#kinds/core/v1/eventvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { fromCoreEvent, type NewEventShape, toCoreEvent } from "#kinds/events/v1/conversion.ts";
import { kind } from "#kinds/kind.ts";
import { int32, microTime, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.events.v1");

export const EventSeries = object("EventSeries", "How often an event has come again.", {
  count: int32(1, "How many times so far; at least 2.").required().always(),
  lastObservedTime: microTime(2, "When it was last seen.").required().always(),
});
export interface EventSeries extends ObjectOf<typeof EventSeries> {}

export const Event = kind(
  {
    group: "events.k8s.io",
    version: "v1",
    kind: "Event",
    plural: "events",
    namespaced: true,
    doc: "Something that happened, told about an object. Kept for a while, not for ever.",
    home: "io.k8s.api.events.v1",
    fields: {
      eventTime: microTime(2, "When it happened.").required().always(),
      series: EventSeries(3, "How often it has come again."),
      reportingController: string(4, "The controller that reported it, such as kubernetes.io/kubelet."),
      reportingInstance: string(5, "Which of the controllers of that name; at most 128 characters."),
      action: string(6, "What was done or tried; at most 128 characters."),
      reason: string(7, "Why, in one word for programs; at most 128 characters."),
      regarding: ObjectReference(8, "The object that the event is about.").always(),
      related: ObjectReference(9, "A second object that it is about."),
      note: string(10, "What happened, in a sentence for people; at most 1024 characters."),
      type: string(11, "Normal or Warning."),
      deprecatedSource: EventSource(12, "Who reported it, in the older form.").always(),
      deprecatedFirstTimestamp: time(13, "When it was first seen, in the older form."),
      deprecatedLastTimestamp: time(14, "When it was last seen, in the older form."),
      deprecatedCount: int32(15, "How often it was seen, in the older form."),
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
