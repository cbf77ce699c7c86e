import type { EventSeries, EventSource } from "#kinds/core/v1/event.ts";
import type { ObjectReference } from "#kinds/core/v1/references.ts";
import type { KubeObject } from "#kinds/kind.ts";

/** A core/v1 event, for the files that event.ts is made of. */
export interface EventShape extends KubeObject {
  involvedObject: ObjectReference;
  reason?: string;
  message?: string;
  source: EventSource;
  firstTimestamp?: string;
  lastTimestamp?: string;
  count?: number;
  type?: string;
  eventTime?: string;
  series?: EventSeries;
  action?: string;
  related?: ObjectReference;
  reportingComponent: string;
  reportingInstance: string;
}
