import { eventColumns } from "#kinds/core/v1/eventcolumns.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import { validateEvent } from "#kinds/core/v1/eventvalidation.ts";
import { ObjectReference } from "#kinds/core/v1/references.ts";
import { kind } from "#kinds/kind.ts";
import { ObjectMeta } from "#kinds/meta/v1/objectmeta.ts";
import { int32, microTime, type ObjectOf, objectsIn, string, time } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.core.v1");

export const EventSource = object("EventSource", "", {
  component: string(1, ""),
  host: string(2, ""),
});
export interface EventSource extends ObjectOf<typeof EventSource> {}

export const EventSeries = object("EventSeries", "", {
  count: int32(1, ""),
  lastObservedTime: microTime(2, ""),
});
export interface EventSeries extends ObjectOf<typeof EventSeries> {}

export const Event = kind(
  {
    group: "",
    version: "v1",
    kind: "Event",
    plural: "events",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.core.v1",
    fields: {
      metadata: ObjectMeta(1, "What every object carries: name, namespace, labels and the like.").required().always(),
      involvedObject: ObjectReference(2, "").required().always(),
      reason: string(3, ""),
      message: string(4, ""),
      source: EventSource(5, "").always(),
      firstTimestamp: time(6, ""),
      lastTimestamp: time(7, ""),
      count: int32(8, ""),
      type: string(9, ""),
      eventTime: microTime(10, ""),
      series: EventSeries(11, ""),
      action: string(12, ""),
      related: ObjectReference(13, ""),
      reportingComponent: string(14, "").always(),
      reportingInstance: string(15, "").always(),
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
