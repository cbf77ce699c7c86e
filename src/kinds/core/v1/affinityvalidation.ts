/** Where a pod may run: affinity, tolerations, spreading. */
import type { Path, Report } from "#base/fielderror.ts";
import { dnsLabelProblems, dnsSubdomainProblems, labelValueProblems } from "#base/names.ts";
import { checkLabelSelector, checkPositive, checkQualified, checkSupported, complain } from "#kinds/checks.ts";
import type { Affinity, PodAffinity, PodAffinityTerm, Taint, Toleration, TopologySpreadConstraint } from "#kinds/core/v1/affinity.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm } from "#kinds/core/v1/selectors.ts";
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateAffinity(affinity: Affinity, at: Path, report: Report): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity) {
    const here = at.child("nodeAffinity");
    const required = nodeAffinity[REQUIRED];
    if (required) {
      const terms = here.child(REQUIRED, "nodeSelectorTerms");
      if (!required.nodeSelectorTerms?.length) report.required(terms, "must have at least one node selector term");
      for (const [i, t] of (required.nodeSelectorTerms ?? []).entries()) validateNodeTerm(t, true, terms.index(i), report);
    }
    for (const [i, { weight, preference }] of (nodeAffinity[PREFERRED] ?? []).entries()) {
      const term = here.child(PREFERRED).index(i);
      checkWeight(weight, term.child("weight"), report);
      validateNodeTerm(preference, false, term.child("preference"), report);
    }
  }
  if (podAffinity) validatePodAffinity(podAffinity, at.child("podAffinity"), report);
  if (podAntiAffinity) validatePodAffinity(podAntiAffinity, at.child("podAntiAffinity"), report);
}
function checkWeight(weight: number, at: Path, report: Report): void {
  if (weight <= 0 || weight > 100) report.invalid(at, weight, "must be in the range 1-100");
}
/** `strict`: values must be label values; in preferred terms they need not. */
function validateNodeTerm(term: NodeSelectorTerm, strict: boolean, at: Path, report: Report): void {
  for (const [i, r] of (term.matchExpressions ?? []).entries())
    validateExpression(r, strict, at.child("matchExpressions").index(i), report);
  for (const [i, r] of (term.matchFields ?? []).entries()) validateNodeField(r, at.child("matchFields").index(i), report);
}
function validateExpression({ key, operator, values = [] }: NodeSelectorRequirement, strict: boolean, at: Path, report: Report): void {
  const here = at.child("values");
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) report.required(here, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) report.forbidden(here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) report.required(here, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else report.invalid(at.child("operator"), operator, "not a valid selector operator");
  checkQualified(report, at.child("key"), key);
  if (strict) for (const [i, v] of values.entries()) complain(report, here.index(i), v, labelValueProblems(v));
}
function validateNodeField({ key, operator, values = [] }: NodeSelectorRequirement, at: Path, report: Report): void {
  if (operator === "In" || operator === "NotIn") {
    if (values.length !== 1)
      report.required(at.child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  } else report.invalid(at.child("operator"), operator, "not a valid selector operator");
  if (key !== "metadata.name") report.invalid(at.child("key"), key, "not a valid field selector key");
  else for (const [i, v] of values.entries()) complain(report, at.child("values").index(i), v, dnsSubdomainProblems(v));
}

function validatePodAffinity(affinity: PodAffinity, at: Path, report: Report): void {
  for (const [i, t] of (affinity[REQUIRED] ?? []).entries()) validatePodTerm(t, at.child(REQUIRED).index(i), report);
  for (const [i, { weight, podAffinityTerm }] of (affinity[PREFERRED] ?? []).entries()) {
    const here = at.child(PREFERRED).index(i);
    checkWeight(weight, here.child("weight"), report);
    validatePodTerm(podAffinityTerm, here.child("podAffinityTerm"), report);
  }
}
function validatePodTerm(term: PodAffinityTerm, at: Path, report: Report): void {
  checkLabelSelector(report, at.child("labelSelector"), term.labelSelector);
  checkLabelSelector(report, at.child("namespaceSelector"), term.namespaceSelector);
  for (const n of term.namespaces ?? []) complain(report, at.child("namespace"), n, dnsLabelProblems(n));
  validateLabelKeys(term.matchLabelKeys ?? [], term.mismatchLabelKeys ?? [], term.labelSelector, at, report);
  if (!term.topologyKey) report.required(at.child("topologyKey"), "can not be empty");
  checkQualified(report, at.child("topologyKey"), term.topologyKey ?? "");
}
function validateLabelKeys(
  match: readonly string[],
  mismatch: readonly string[],
  selector: LabelSelector | undefined,
  at: Path,
  report: Report,
): void {
  for (const [field, keys] of [["matchLabelKeys", match] as const, ["mismatchLabelKeys", mismatch] as const]) {
    if (keys.length === 0) continue;
    if (!selector) report.forbidden(at.child(field), "must not be specified when labelSelector is not set");
    else for (const [i, k] of keys.entries()) checkQualified(report, at.child(field).index(i), k);
  }
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  // The pod's own values were added at creation: a key that stands there twice was also given by the user.
  for (const { key } of selector?.matchExpressions ?? []) {
    const i = match.lastIndexOf(key);
    if (i >= 0 && seen.has(key)) report.invalid(at.index(i), key, "exists in both matchLabelKeys and labelSelector");
    seen.add(key);
  }
  for (const [i, k] of match.entries())
    if (mismatch.includes(k)) report.invalid(at.child("matchLabelKeys").index(i), k, "exists in both matchLabelKeys and mismatchLabelKeys");
}

export function validateTolerations(tolerations: readonly Toleration[], at: Path, report: Report): void {
  for (const [i, t] of tolerations.entries()) {
    const here = at.index(i);
    const { key = "", operator = "", value = "", effect = "" } = t;
    if (key) checkQualified(report, here.child("key"), key);
    if (!key && operator !== "Exists")
      report.invalid(
        here.child("operator"),
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    if (t.tolerationSeconds !== undefined && effect !== "NoExecute")
      report.invalid(here.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (operator === "" || operator === "Equal") {
      const problems = labelValueProblems(value);
      if (problems.length > 0) report.invalid(here.child("operator"), value, problems.join(";"));
    } else if (operator === "Exists") {
      if (value) report.invalid(here.child("operator"), value, "value must be empty when `operator` is 'Exists'");
    } else if (operator === "Lt" || operator === "Gt")
      report.notSupported(here.child("operator"), operator, ["Equal", "Exists", "Lt", "Gt"]);
    else report.notSupported(here.child("operator"), operator, ["Equal", "Exists"]);
    if (effect) checkSupported(report, here.child("effect"), effect, EFFECTS);
  }
}

export function validateTaints(taints: readonly Taint[], at: Path, report: Report): void {
  const seen = new Set<string>();
  for (const [i, t] of taints.entries()) {
    const here = at.index(i);
    checkQualified(report, here.child("key"), t.key);
    const problems = labelValueProblems(t.value ?? "");
    if (problems.length > 0) report.invalid(here.child("value"), t.value, problems.join(";"));
    checkSupported(report, here.child("effect"), t.effect, EFFECTS, true);
    const id = `${t.effect}/${t.key}`;
    if (seen.has(id)) report.duplicate(here, t, "taints must be unique by key and effect pair");
    seen.add(id);
  }
}

export function validateSpread(constraints: readonly TopologySpreadConstraint[], at: Path, report: Report): void {
  for (const [i, c] of constraints.entries()) {
    const here = at.index(i);
    checkPositive(report, here.child("maxSkew"), c.maxSkew);
    if (!c.topologyKey) report.required(here.child("topologyKey"), "can not be empty");
    checkSupported(report, here.child("whenUnsatisfiable"), c.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
    if (constraints.slice(i + 1).some(o => o.topologyKey === c.topologyKey && o.whenUnsatisfiable === c.whenUnsatisfiable))
      report.duplicate(here.child("{topologyKey, whenUnsatisfiable}"), `{${c.topologyKey}, ${c.whenUnsatisfiable}}`);
    if (c.minDomains !== undefined) {
      checkPositive(report, here.child("minDomains"), c.minDomains);
      if (c.whenUnsatisfiable !== "DoNotSchedule")
        report.invalid(
          here.child("minDomains"),
          c.minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${c.whenUnsatisfiable}`,
        );
    }
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const)
      if (c[field] !== undefined) checkSupported(report, here.child(field), c[field], ["Honor", "Ignore"]);
    validateLabelKeys(c.matchLabelKeys ?? [], [], c.labelSelector, here, report);
    checkLabelSelector(report, here.child("labelSelector"), c.labelSelector);
  }
}
