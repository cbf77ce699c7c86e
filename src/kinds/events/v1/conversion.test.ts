import assert from "node:assert/strict";
import test from "node:test";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";
import { fromCoreEvent, toCoreEvent } from "#kinds/events/v1/conversion.ts";
import { Event } from "#kinds/events/v1/event.ts";

const core: EventShape = {
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "web.1", namespace: "shop" },
  involvedObject: { kind: "Pod", name: "web", namespace: "shop", uid: "u" },
  reason: "Started",
  message: "Started container web",
  source: { component: "kubelet", host: "n1" },
  firstTimestamp: "2026-01-01T00:00:00Z",
  lastTimestamp: "2026-01-01T00:01:00Z",
  count: 2,
  type: "Normal",
  reportingComponent: "kubelet",
  reportingInstance: "n1",
};

test("an event keeps everything on its way to the other group and back", () => {
  const other = fromCoreEvent(core);
  assert.equal(other.apiVersion, "events.k8s.io/v1");
  assert.equal(other.note, "Started container web");
  assert.deepEqual(other.regarding, core.involvedObject);
  assert.equal(other.reportingController, "kubelet");
  assert.deepEqual(other.deprecatedSource, core.source);
  assert.equal(other.deprecatedCount, 2);
  assert.deepEqual(toCoreEvent(other), core);
});

test("an event without a reporter has empty strings in core/v1 and no field in events.k8s.io/v1", () => {
  const quiet = { ...core, reportingComponent: "", reportingInstance: "" };
  assert.equal("reportingController" in fromCoreEvent(quiet), false);
  assert.deepEqual(toCoreEvent(fromCoreEvent(quiet)), quiet);
});

test("the kind knows its conversion", () => {
  assert.deepEqual(Event.conversion?.toStored(fromCoreEvent(core)), core);
});
