/** Rules of nodes. */
import { parseIpSloppy } from "#base/cidr.ts";
import { equal } from "#base/equal.ts";
import { type Report, root } from "#base/fielderror.ts";
import { legacyCidrProblems } from "#base/names.ts";
import { canonicalQuantity } from "#base/quantity.ts";
import { complain } from "#kinds/checks.ts";
import { validateTaints } from "#kinds/core/v1/affinityvalidation.ts";
import type { NodeSpec, NodeStatus } from "#kinds/core/v1/node.ts";
import { amountProblems } from "#kinds/core/v1/resourcelist.ts";

export interface NodeParts {
  readonly spec: NodeSpec;
  readonly status: NodeStatus;
}

export function validateNode({ spec, status }: NodeParts, report: Report): void {
  validateTaints(spec.taints ?? [], root.child("metadata", "taints"), report);
  validateResources(status, report);
  const at = root.child("spec", "podCIDRs");
  const ranges = spec.podCIDRs ?? [];
  for (const [i, r] of ranges.entries()) complain(report, at.index(i), r, legacyCidrProblems(r));
  if (ranges.length < 2) return;
  const families = new Set(ranges.map(r => parseIpSloppy(r.split("/")[0]!)?.family));
  if (ranges.length > 2 || families.size < 2) report.invalid(at, ranges, "may specify no more than one CIDR for each IP family");
}
function validateResources(status: NodeStatus, report: Report): void {
  for (const field of ["capacity", "allocatable"] as const)
    for (const [name, text] of Object.entries(status[field] ?? {}))
      for (const p of amountProblems(name, text)) report.invalid(root.child("status", field, name), canonicalQuantity(text), p);
}
export function validateNodeUpdate(node: NodeParts, old: NodeParts, report: Report): void {
  const was = old.spec.podCIDRs ?? [];
  if (was.length > 0 && !equal(was, node.spec.podCIDRs ?? []))
    report.forbidden(root.child("spec", "podCIDRs"), 'node updates may not change podCIDR except from "" to valid');
  if (old.spec.providerID && old.spec.providerID !== node.spec.providerID)
    report.forbidden(root.child("spec", "providerID"), 'node updates may not change providerID except from "" to valid');
  if ((node.spec.externalID ?? "") !== (old.spec.externalID ?? ""))
    report.forbidden(root.child("spec", "externalID"), "may not be updated");
  validateNodeStatus(node, report);
}
export function validateNodeStatus({ status }: Pick<NodeParts, "status">, report: Report): void {
  validateResources(status, report);
  const seen = new Set<string>();
  for (const [i, a] of (status.addresses ?? []).entries()) {
    const id = `${a.type} ${a.address}`;
    if (seen.has(id)) report.duplicate(root.child("status", "addresses").index(i), a);
    seen.add(id);
  }
}
