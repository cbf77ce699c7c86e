/** Annotations that mean something to pods. */
import type { Path, Report } from "#base/fielderror.ts";

const MIRROR = "kubernetes.io/config.mirror";
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

type Annotations = Readonly<Record<string, string>>;

export function validatePodAnnotations(annotations: Annotations | undefined, nodeName: string | undefined, at: Path, report: Report): void {
  const mirror = annotations?.[MIRROR];
  if (mirror !== undefined && !nodeName) report.invalid(at.key(MIRROR), mirror, "must set spec.nodeName if mirror pod annotation is set");
  const cost = annotations?.[DELETION_COST];
  if (cost !== undefined && !isInt32(cost)) report.invalid(at.key(DELETION_COST), cost, "must be a 32bit integer");
}
function isInt32(text: string): boolean {
  return text === "" || (/^(-?[1-9]\d*|0)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31);
}
export function validatePodAnnotationsUpdate(annotations: Annotations = {}, old: Annotations = {}, at: Path, report: Report): void {
  if (old[MIRROR] !== undefined && annotations[MIRROR] !== old[MIRROR])
    report.forbidden(at.key(MIRROR), "may not remove or update mirror pod annotation");
  if (old[MIRROR] === undefined && annotations[MIRROR] !== undefined) report.forbidden(at.key(MIRROR), "may not add mirror pod annotation");
}
