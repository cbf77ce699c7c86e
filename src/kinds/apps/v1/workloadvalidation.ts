/** Rules of Deployment and ReplicaSet (upstream's pkg/apis/apps/validation). */
import { type Path, type Report, root } from "#base/fielderror.ts";
import { percentProblems } from "#base/names.ts";
import { SelectorError, selectorOf } from "#base/selector.ts";
import type { DeploymentSpec, DeploymentStatus } from "#kinds/apps/v1/deployment.ts";
import type { ReplicaSetSpec, ReplicaSetStatus } from "#kinds/apps/v1/replicaset.ts";
import { checkImmutable, checkLabelSelector, checkNonnegative } from "#kinds/checks.ts";
import type { PodTemplateSpec } from "#kinds/core/v1/podtemplate.ts";
import { validateTemplate } from "#kinds/core/v1/podvalidation.ts";
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";

const SPEC = root.child("spec");
const STATUS = root.child("status");

function isEmpty(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
}
/** `where` is the object in the sentence about an empty selector. */
function validateSelector(selector: LabelSelector | undefined, where: string, report: Report): void {
  const at = SPEC.child("selector");
  if (!selector) return report.required(at);
  checkLabelSelector(report, at, selector);
  if (isEmpty(selector)) report.invalid(at, selector, `empty selector is invalid for ${where}`);
}
function validateOwnTemplate(template: PodTemplateSpec, selector: LabelSelector | undefined, kind: string, report: Report): void {
  const at = SPEC.child("template");
  const labels = template.metadata.labels;
  try {
    if (selector && !isEmpty(selector) && !selectorOf(selector).matches(labels))
      report.invalid(at.child("metadata", "labels"), labels ?? null, "`selector` does not match template `labels`");
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    report.invalid(SPEC.child("selector"), selector, "invalid label selector");
    return;
  }
  validateTemplate(template, at, report);
  if (template.spec.restartPolicy !== "Always")
    report.notSupported(at.child("spec", "restartPolicy"), template.spec.restartPolicy ?? "", ["Always"]);
  if (template.spec.activeDeadlineSeconds !== undefined)
    report.forbidden(at.child("spec", "activeDeadlineSeconds"), `activeDeadlineSeconds in ${kind} is not Supported`);
}

export function validateReplicaSet(spec: ReplicaSetSpec, report: Report): void {
  checkNonnegative(report, SPEC.child("replicas"), spec.replicas);
  checkNonnegative(report, SPEC.child("minReadySeconds"), spec.minReadySeconds);
  validateSelector(spec.selector, "deployment", report);
  validateOwnTemplate(spec.template, spec.selector, "ReplicaSet", report);
}

export function validateDeployment(spec: DeploymentSpec, report: Report): void {
  checkNonnegative(report, SPEC.child("replicas"), spec.replicas);
  validateSelector(spec.selector, "deployment", report);
  validateOwnTemplate(spec.template, spec.selector, "ReplicaSet", report);
  validateStrategy(spec, report);
  checkNonnegative(report, SPEC.child("minReadySeconds"), spec.minReadySeconds);
  checkNonnegative(report, SPEC.child("revisionHistoryLimit"), spec.revisionHistoryLimit);
  const deadline = spec.progressDeadlineSeconds;
  checkNonnegative(report, SPEC.child("progressDeadlineSeconds"), deadline);
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    report.invalid(SPEC.child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds");
}

function validateStrategy({ strategy }: DeploymentSpec, report: Report): void {
  const at = SPEC.child("strategy");
  const update = strategy.rollingUpdate;
  if (strategy.type === "Recreate") {
    if (update) report.forbidden(at.child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (strategy.type !== "RollingUpdate") return report.notSupported(at, strategy, ["Recreate", "RollingUpdate"]);
  if (!update) return report.required(at.child("rollingUpdate"), "this should be defaulted and never be nil");
  const { maxUnavailable = 0, maxSurge = 0 } = update;
  const here = at.child("rollingUpdate");
  checkCountOrPercent(maxUnavailable, here.child("maxUnavailable"), report);
  checkCountOrPercent(maxSurge, here.child("maxSurge"), report);
  if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0)
    report.invalid(here.child("maxUnavailable"), maxUnavailable, "may not be 0 when `maxSurge` is 0");
  if (typeof maxUnavailable === "string" && amount(maxUnavailable) > 100)
    report.invalid(here.child("maxUnavailable"), maxUnavailable, "must not be greater than 100%");
}
/** The number in a count or in a percentage; 0 for anything else. */
function amount(value: number | string): number {
  return typeof value === "number" ? value : /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : 0;
}
function checkCountOrPercent(value: number | string, at: Path, report: Report): void {
  if (typeof value === "number") return checkNonnegative(report, at, value);
  for (const p of percentProblems(value)) report.invalid(at, value, p);
}

export function validateSelectorUpdate(spec: { selector?: LabelSelector }, old: { selector?: LabelSelector }, report: Report): void {
  checkImmutable(report, SPEC.child("selector"), spec.selector, old.selector);
}

const NOT_MORE = "cannot be greater than status.replicas";

export function validateReplicaSetStatus(status: ReplicaSetStatus, report: Report): void {
  const fields = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"] as const;
  for (const f of fields) checkNonnegative(report, STATUS.child(f), status[f]);
  checkNonnegative(report, STATUS.child("terminatingReplicas"), status.terminatingReplicas);
  for (const f of ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"] as const)
    if ((status[f] ?? 0) > (status.replicas ?? 0)) report.invalid(STATUS.child(f), status[f], NOT_MORE);
  checkAvailable(status, report);
}
export function validateDeploymentStatus(status: DeploymentStatus, old: DeploymentStatus, report: Report): void {
  checkNonnegative(report, STATUS.child("observedGeneration"), status.observedGeneration);
  const counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"] as const;
  for (const f of counts) checkNonnegative(report, STATUS.child(f), status[f]);
  checkNonnegative(report, STATUS.child("terminatingReplicas"), status.terminatingReplicas);
  checkNonnegative(report, STATUS.child("collisionCount"), status.collisionCount);
  for (const f of ["updatedReplicas", "readyReplicas", "availableReplicas"] as const)
    if ((status[f] ?? 0) > (status.replicas ?? 0)) report.invalid(STATUS.child(f), status[f], NOT_MORE);
  checkAvailable(status, report);
  if ((status.collisionCount ?? 0) < (old.collisionCount ?? 0))
    report.invalid(STATUS.child("collisionCount"), status.collisionCount ?? 0, "cannot be decremented");
}
function checkAvailable(status: { availableReplicas?: number; readyReplicas?: number }, report: Report): void {
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0))
    report.invalid(STATUS.child("availableReplicas"), status.availableReplicas, "cannot be greater than readyReplicas");
}
