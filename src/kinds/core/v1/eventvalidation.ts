/** Rules of events: lenient ones for core/v1, strict ones for events.k8s.io/v1 (upstream's events.go). */
import { equal } from "#base/equal.ts";
import { type Report, root } from "#base/fielderror.ts";
import { checkImmutable, checkQualified, checkSubdomain } from "#kinds/checks.ts";
import type { EventShape } from "#kinds/core/v1/eventshape.ts";

const MAX = 128;
const MAX_MESSAGE = 1024;

export function validateEvent(e: EventShape, report: Report): void {
  const namespace = e.metadata.namespace ?? "";
  const about = e.involvedObject.namespace ?? "";
  const mismatch = () => report.invalid(root.child("involvedObject", "namespace"), about, "does not match event.namespace");
  if (!e.eventTime) {
    if (about === "" ? namespace !== "" && namespace !== "default" : about !== namespace) mismatch();
  } else {
    if (about === "" && namespace !== "default" && namespace !== "kube-system") mismatch();
    const controller = root.child("reportingController");
    if (!e.reportingComponent) report.required(controller);
    checkQualified(report, controller, e.reportingComponent);
    const texts = { reportingInstance: e.reportingInstance, action: e.action, reason: e.reason };
    for (const [field, text = ""] of Object.entries(texts)) {
      if (text === "") report.required(root.child(field));
      if (text.length > MAX) report.invalid(root.child(field), "", `can have at most ${MAX} characters`);
    }
    if ((e.message ?? "").length > MAX_MESSAGE) report.invalid(root.child("message"), "", `can have at most ${MAX_MESSAGE} characters`);
  }
  checkSubdomain(report, root.child("namespace"), namespace);
}

function validateSeries({ series }: EventShape, report: Report): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) report.invalid(root.child("series.count"), "", "should be at least 2");
  if (!series.lastObservedTime) report.required(root.child("series.lastObservedTime"));
}

/** For events that are created by events.k8s.io/v1. */
export function validateNewEvent(e: EventShape, report: Report): void {
  validateSeries(e, report);
  if (!e.eventTime) report.required(root.child("eventTime"));
  if (e.type !== "Normal" && e.type !== "Warning") report.invalid(root.child("type"), "", `has invalid value: ${e.type ?? ""}`);
  const unset = "needs to be unset";
  if (e.firstTimestamp) report.invalid(root.child("firstTimestamp"), "", unset);
  if (e.lastTimestamp) report.invalid(root.child("lastTimestamp"), "", unset);
  if (e.count) report.invalid(root.child("count"), "", unset);
  if (e.source.component || e.source.host) report.invalid(root.child("source"), "", unset);
}

/** For events that are changed by events.k8s.io/v1: only the series may. */
export function validateEventUpdate(e: EventShape, old: EventShape, report: Report): void {
  if (!equal(e.series, old.series)) validateSeries(e, report);
  const fields = [
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "type",
    "eventTime",
    "action",
    "related",
  ] as const;
  for (const f of fields) checkImmutable(report, root.child(f), e[f], old[f]);
  checkImmutable(report, root.child("reportingController"), e.reportingComponent, old.reportingComponent);
  checkImmutable(report, root.child("reportingInstance"), e.reportingInstance, old.reportingInstance);
}
