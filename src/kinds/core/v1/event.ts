import { eventColumns } from "#kinds/core/v1/eventcolumns.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import { validateEvent } from "#kinds/core/v1/eventvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { int32, microTime, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const EventSource = object("EventSource", "Who reported an event.", {
  component: string(1, "The program."),
  host: string(2, "The node on which it runs."),
});
export interface EventSource extends ObjectOf<typeof EventSource> {}

export const EventSeries = object("EventSeries", "How often an event has come again.", {
  count: int32(1, "How many times so far."),
  lastObservedTime: microTime(2, "When it was last seen."),
});
export interface EventSeries extends ObjectOf<typeof EventSeries> {}

export const Event = kind(
  {
    group: "",
    version: "v1",
    kind: "Event",
    plural: "events",
    namespaced: true,
    doc: "Something that happened, told about an object. Kept for a while, not for ever.",
    home: "io.k8s.api.core.v1",
    fields: {
      metadata: ObjectMeta(1, "What every object carries: name, namespace, labels and the like.").required().always(),
      involvedObject: ObjectReference(2, "The object that the event is about.").required().always(),
      reason: string(3, "Why, in one word for programs."),
      message: string(4, "What happened, in a sentence for people."),
      source: EventSource(5, "Who reported it.").always(),
      firstTimestamp: time(6, "When it was first seen."),
      lastTimestamp: time(7, "When it was last seen."),
      count: int32(8, "How often it was seen."),
      type: string(9, "Normal or Warning."),
      eventTime: microTime(10, "When it happened."),
      series: EventSeries(11, "How often it has come again."),
      action: string(12, "What was done or tried."),
      related: ObjectReference(13, "A second object that it is about."),
      reportingComponent: string(14, "The controller that reported it, such as kubernetes.io/kubelet.").always(),
      reportingInstance: string(15, "Which of the controllers of that name.").always(),
    },
  },
  {
    short: ["ev"],
    createOnUpdate: true,
    selectable: {
      "involvedObject.kind": e => e.involvedObject.kind ?? "",
      "involvedObject.namespace": e => e.involvedObject.namespace ?? "",
      "involvedObject.name": e => e.involvedObject.name ?? "",
      "involvedObject.uid": e => e.involvedObject.uid ?? "",
      "involvedObject.apiVersion": e => e.involvedObject.apiVersion ?? "",
      "involvedObject.resourceVersion": e => e.involvedObject.resourceVersion ?? "",
      "involvedObject.fieldPath": e => e.involvedObject.fieldPath ?? "",
      reason: e => e.reason ?? "",
      reportingComponent: e => e.reportingComponent,
      source: e => e.source.component || e.reportingComponent,
      type: e => e.type ?? "",
    },
    rules: { validate: (e: EventShape, report) => validateEvent(e, report) },
    ownColumns: true,
    columns: eventColumns((e: EventShape) => e),
  },
);
export interface Event extends ObjectOf<typeof Event> {}
