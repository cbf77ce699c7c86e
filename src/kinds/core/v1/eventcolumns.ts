/** The columns of events, for both groups that serve them. */
import { ageOf } from "#base/time.ts";
import { NAME } from "#kinds/columns.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import type { Column, KubeObject } from "#kinds/kind.ts";

const firstSeen = (e: EventShape, now: number) => ageOf(e.firstTimestamp || e.eventTime, now);
function lastSeen(e: EventShape, now: number): string {
  if (e.series) return ageOf(e.series.lastObservedTime, now);
  return e.lastTimestamp ? ageOf(e.lastTimestamp, now) : firstSeen(e, now);
}
function objectText({ involvedObject: { kind = "", name } }: EventShape): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}
function sourceText(e: EventShape): string {
  const component = e.source.component || e.reportingComponent || "";
  const instance = e.source.host || e.reportingInstance || "";
  return instance ? `${component}, ${instance}` : component;
}

/** `core` gives the event in its core/v1 form. */
export function eventColumns<T extends KubeObject>(core: (event: T) => EventShape): Column<T>[] {
  return [
    { name: "Last Seen", type: "string", doc: "The time since it was last seen.", cell: (e, now) => lastSeen(core(e), now) },
    { name: "Type", type: "string", doc: "Normal or Warning.", cell: e => core(e).type ?? "" },
    { name: "Reason", type: "string", doc: "Why, in one word.", cell: e => core(e).reason ?? "" },
    { name: "Object", type: "string", doc: "What the event is about.", cell: e => objectText(core(e)) },
    { name: "Subobject", type: "string", wide: true, doc: "The part of the object.", cell: e => core(e).involvedObject.fieldPath ?? "" },
    { name: "Source", type: "string", wide: true, doc: "Who reported it, and from where.", cell: e => sourceText(core(e)) },
    { name: "Message", type: "string", doc: "What happened, in a sentence.", cell: e => (core(e).message ?? "").trim() },
    { name: "First Seen", type: "string", wide: true, doc: "The time since it was first seen.", cell: (e, now) => firstSeen(core(e), now) },
    { name: "Count", type: "string", wide: true, doc: "How often it was seen.", cell: e => core(e).series?.count ?? (core(e).count || 1) },
    { ...NAME, wide: true },
  ];
}
