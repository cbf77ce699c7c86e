/** Requests and limits. */
import type { Path, Report } from "#base/fielderror.ts";
import { canonicalQuantity, parseQuantity } from "#base/quantity.ts";
import { checkLabelName } from "#kinds/checks.ts";
import type { ResourceClaim, ResourceRequirements } from "#kinds/core/v1/container.ts";
import {
  amountProblems,
  compareAmounts,
  containerResourceProblems,
  isHugePages,
  mayOvercommit,
  resourceNameProblems,
  wholeHugePages,
} from "#kinds/core/v1/resourcelist.ts";

/** What a pod as a whole can ask for (KEP-2837). */
const POD_LEVEL = ["cpu", "hugepages-*", "memory"];

function checkName(name: string, ofPod: boolean, at: Path, report: Report): void {
  const problems = ofPod ? resourceNameProblems(name) : containerResourceProblems(name);
  for (const p of problems) report.invalid(at, name, p);
  if (ofPod && problems.length === 0 && name !== "cpu" && name !== "memory" && !isHugePages(name)) report.notSupported(at, name, POD_LEVEL);
}
function checkAmount(name: string, text: string, at: Path, report: Report): void {
  for (const p of amountProblems(name, text)) report.invalid(at, canonicalQuantity(text), p);
  if (isHugePages(name) && !wholeHugePages(name, text))
    report.invalid(at, canonicalQuantity(text), `${canonicalQuantity(text)} is not positive integer multiple of ${name}`);
}

export interface ResourceContext {
  /** Names in the pod's spec.resourceClaims. */
  readonly claims: readonly string[];
  readonly ofPod?: boolean;
}

export function validateResources(r: ResourceRequirements, context: ResourceContext, at: Path, report: Report): void {
  const { limits = {}, requests = {} } = r;
  for (const [name, text] of Object.entries(limits)) {
    const here = at.child("limits").key(name);
    checkName(name, context.ofPod ?? false, here, report);
    checkAmount(name, text, here, report);
  }
  for (const [name, text] of Object.entries(requests)) {
    const here = at.child("requests").key(name);
    checkName(name, context.ofPod ?? false, here, report);
    for (const p of amountProblems(name, text)) report.invalid(here, canonicalQuantity(text), p);
    const limit = limits[name];
    if (limit !== undefined) {
      const order = compareAmounts(text, limit);
      const shown = `${name} limit of ${parseQuantity(limit)}`;
      if (order !== 0 && !mayOvercommit(name)) report.invalid(at.child("requests"), canonicalQuantity(text), `must be equal to ${shown}`);
      else if (order > 0) report.invalid(at.child("requests"), canonicalQuantity(text), `must be less than or equal to ${shown}`);
    } else if (!mayOvercommit(name)) report.required(at.child("limits"), "Limit must be set for non overcommitable resources");
    if (isHugePages(name) && !wholeHugePages(name, text))
      report.invalid(here, canonicalQuantity(text), `${canonicalQuantity(text)} is not positive integer multiple of ${name}`);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes("cpu") && !names.includes("memory"))
    report.forbidden(at, "HugePages require cpu or memory");
  validateClaims(r.claims ?? [], context.claims, at.child("claims"), report);
}

function validateClaims(claims: readonly ResourceClaim[], known: readonly string[], at: Path, report: Report): void {
  const names = new Set<string>();
  for (const [i, { name, request }] of claims.entries()) {
    const here = at.index(i);
    if (!name) {
      report.required(here);
      continue;
    }
    if (names.has(name)) report.duplicate(here, name);
    else {
      if (request) checkLabelName(report, here.child("request"), request);
      const key = request ? `${name}/${request}` : name;
      if (names.has(key)) report.duplicate(here, key);
      else if (!request) for (const k of names) if (k.startsWith(`${name}/`)) report.duplicate(here, name);
      names.add(key);
    }
    if (!known.includes(name)) {
      const those = known.length === 0 ? " which is empty" : `: ${[...known].sort().join(", ")}`;
      report.notFound(here, name, `must be one of the names in pod.spec.resourceClaims${those}`);
    }
  }
}
