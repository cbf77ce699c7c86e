/** Rules of pods: what a new one must be, and what may change (upstream's ValidatePodCreate, ValidatePodUpdate). */
import { equal } from "#base/equal.ts";
import { type Path, type Report, root } from "#base/fielderror.ts";
import { rangeProblems } from "#base/names.ts";
import { complain } from "#kinds/checks.ts";
import type { NodeAffinity, Toleration } from "#kinds/core/v1/affinity.ts";
import { validateTolerations } from "#kinds/core/v1/affinityvalidation.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import { checkImage } from "#kinds/core/v1/containervalidation.ts";
import { validatePodAnnotations, validatePodAnnotationsUpdate } from "#kinds/core/v1/podannotations.ts";
import type { PodShape } from "#kinds/core/v1/podshape.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import { validatePodSpec } from "#kinds/core/v1/podspecvalidation.ts";
import type { PodTemplateSpec } from "#kinds/core/v1/podtemplate.ts";
import { unifiedDiff } from "#kinds/diff.ts";

const SPEC = root.child("spec");
const MAX_INT32 = 2 ** 31 - 1;

/** What holds for a pod at all times. */
export function validatePod(pod: PodShape, report: Report): void {
  const { metadata, spec } = pod;
  validatePodAnnotations(metadata.annotations, spec.nodeName, root.child("metadata", "annotations"), report);
  validatePodSpec(spec, { name: metadata.name ?? "" }, SPEC, report);
  if (!spec.serviceAccountName)
    for (const [i, v] of (spec.volumes ?? []).entries())
      for (const [j, s] of (v.projected?.sources ?? []).entries())
        if (s.serviceAccountToken)
          report.forbidden(
            SPEC.child("volumes").index(i).child("projected", "sources").index(j).child("serviceAccountToken"),
            "must not be specified when serviceAccountName is not set",
          );
  for (const field of ["containers", "initContainers"] as const)
    for (const [i, c] of (spec[field] ?? []).entries()) checkImage(c, SPEC.child(field).index(i), report);
}

/** What holds for new pods alone. */
export function validateNewPod({ spec }: PodShape, report: Report): void {
  if (spec.ephemeralContainers?.length) report.forbidden(SPEC.child("ephemeralContainers"), "cannot be set on create");
  if (spec.nodeName && spec.schedulingGates?.length)
    report.forbidden(SPEC.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
}

export function validateTemplate(template: PodTemplateSpec, at: Path, report: Report): void {
  validatePodAnnotations(template.metadata.annotations, template.spec.nodeName, at.child("annotations"), report);
  validatePodSpec(template.spec, undefined, at.child("spec"), report);
  if (template.spec.ephemeralContainers?.length)
    report.forbidden(at.child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template");
}

const CHANGEABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

export function validatePodUpdate(pod: PodShape, old: PodShape, report: Report): void {
  validatePodAnnotationsUpdate(pod.metadata.annotations, old.metadata.annotations, root.child("metadata", "annotations"), report);
  for (const field of ["containers", "initContainers"] as const)
    if ((pod.spec[field] ?? []).length !== (old.spec[field] ?? []).length)
      return report.forbidden(SPEC.child(field), "pod updates may not add or remove containers");
  if (!checkDeadline(pod.spec, old.spec, report)) return;
  checkTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? [], report);
  const before = new Set((old.spec.schedulingGates ?? []).map(g => g.name));
  for (const [i, g] of (pod.spec.schedulingGates ?? []).entries())
    if (!before.has(g.name))
      report.forbidden(
        SPEC.child("schedulingGates").index(i).child("name"),
        `only deletion is allowed, but found new scheduling gate '${g.name}'`,
      );
  const rest = withoutChangeable(pod.spec, old.spec, report);
  if (!equal(rest, old.spec))
    report.forbidden(SPEC, `pod updates may not change fields other than ${CHANGEABLE}\n${unifiedDiff(old.spec, rest)}`);
}

/** A deadline may be set or brought forward; false when no more need be said. */
function checkDeadline(spec: PodSpec, old: PodSpec, report: Report): boolean {
  const at = SPEC.child("activeDeadlineSeconds");
  const [next, was] = [spec.activeDeadlineSeconds, old.activeDeadlineSeconds];
  if (next === undefined) {
    if (was !== undefined) report.invalid(at, null, "must not update from a positive integer to nil value");
    return true;
  }
  const problems = rangeProblems(next, 0, MAX_INT32);
  complain(report, at, next, problems);
  if (problems.length > 0) return false;
  if (was === undefined || next <= was) return true;
  report.invalid(at, next, "must be less than or equal to previous value");
  return false;
}

function checkTolerations(tolerations: readonly Toleration[], old: readonly Toleration[], report: Report): void {
  const at = SPEC.child("tolerations");
  const plain = (t: Toleration) => ({ ...t, tolerationSeconds: undefined });
  if (!old.every(o => tolerations.some(t => equal(plain(o), plain(t)))))
    return report.forbidden(at, "existing toleration can not be modified except its tolerationSeconds");
  validateTolerations(tolerations, at, report);
}

/** The new spec with all that may change put back as it was. */
function withoutChangeable(spec: PodSpec, old: PodSpec, report: Report): PodSpec {
  const images = (list: readonly Container[] | undefined, was: readonly Container[] | undefined) =>
    list?.map((c, i) => ({ ...c, image: was?.[i]?.image }));
  const rest: PodSpec = {
    ...spec,
    containers: images(spec.containers, old.containers) ?? [],
    initContainers: images(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && rest.terminationGracePeriodSeconds === 1)
    rest.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  if (old.schedulingGates?.length) narrow(rest, old, report);
  return rest;
}

/** While a pod is held back by gates, its choice of nodes may be narrowed (KEP-3838). */
function narrow(rest: PodSpec, old: PodSpec, report: Report): void {
  const selector = rest.nodeSelector ?? {};
  if (Object.entries(old.nodeSelector ?? {}).some(([k, v]) => selector[k] !== v))
    report.invalid(SPEC.child("nodeSelector"), selector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
  rest.nodeSelector = old.nodeSelector;
  const [next, was] = [rest.affinity?.nodeAffinity, old.affinity?.nodeAffinity];
  if (equal(next, was)) return;
  checkNodeAffinity(next, was, report);
  const { nodeAffinity: _, ...others } = rest.affinity ?? {};
  if (was) rest.affinity = { ...others, nodeAffinity: was };
  else if (old.affinity || Object.keys(others).length > 0) rest.affinity = others;
  else delete rest.affinity;
}
function checkNodeAffinity(next: NodeAffinity | undefined, was: NodeAffinity | undefined, report: Report): void {
  const oldTerms = was?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const terms = next?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const at = SPEC.child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  if (oldTerms.length === 0) return;
  if (oldTerms.length !== terms.length)
    return report.invalid(at, terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
  const starts = (list: readonly unknown[] = [], head: readonly unknown[] = []) => equal(list.slice(0, head.length), head);
  for (const [i, o] of oldTerms.entries()) {
    const t = terms[i]!;
    const wasEmpty = !o.matchExpressions?.length && !o.matchFields?.length;
    const filled = wasEmpty && ((t.matchExpressions ?? []).length > 0 || (t.matchFields ?? []).length > 0);
    if (filled || !starts(t.matchExpressions, o.matchExpressions) || !starts(t.matchFields, o.matchFields))
      report.invalid(at.index(i), t, "only additions are allowed (no mutations or deletions)");
  }
}
