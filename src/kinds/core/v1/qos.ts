/** The quality-of-service class of a pod (upstream's pkg/apis/core/helper/qos). */
import { parseQuantity } from "#base/quantity.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import { addAmounts, compareAmounts, type ResourceList } from "#kinds/core/v1/resourcelist.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = (list: Readonly<ResourceList> | undefined): ResourceList =>
  Object.fromEntries(
    Object.entries(list ?? {}).filter(([name, text]) => (name === "cpu" || name === "memory") && parseQuantity(text).sign > 0),
  );

export function qosClassOf(spec: PodSpec): QosClass {
  const requests: ResourceList = {};
  const limits: ResourceList = {};
  let limited = true;
  const own = spec.resources;
  if (own && (Object.keys(own.requests ?? {}).length > 0 || Object.keys(own.limits ?? {}).length > 0)) {
    addAmounts(requests, counted(own.requests));
    addAmounts(limits, counted(own.limits));
    limited = Object.keys(limits).length === 2;
  } else {
    for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
      addAmounts(requests, counted(resources.requests));
      const here = counted(resources.limits);
      addAmounts(limits, here);
      if (Object.keys(here).length < 2) limited = false;
    }
  }
  const asked = Object.keys(requests);
  if (asked.length === 0 && Object.keys(limits).length === 0) return "BestEffort";
  const same = asked.every(r => limits[r] !== undefined && compareAmounts(limits[r], requests[r]!) === 0);
  return limited && same && asked.length === Object.keys(limits).length ? "Guaranteed" : "Burstable";
}
