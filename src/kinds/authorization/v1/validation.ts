/** Rules of access reviews (upstream's pkg/apis/authorization/validation). */
import { type Report, root } from "#base/fielderror.ts";
import type { NonResourceAttributes, ResourceAttributes } from "#kinds/authorization/v1/attributes.ts";

const SPEC = root.child("spec");

export interface Attributes {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}
export interface SubjectAttributes extends Attributes {
  readonly user?: string;
  readonly groups?: readonly string[];
}

export function validateAttributes({ resourceAttributes, nonResourceAttributes }: Attributes, report: Report): void {
  if (resourceAttributes && nonResourceAttributes)
    report.invalid(
      SPEC.child("nonResourceAttributes"),
      nonResourceAttributes,
      "cannot be specified in combination with resourceAttributes",
    );
  if (!resourceAttributes && !nonResourceAttributes)
    report.invalid(SPEC.child("resourceAttributes"), null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  for (const field of ["fieldSelector", "labelSelector"] as const) {
    const selector = resourceAttributes?.[field];
    if (!selector) continue;
    const at = SPEC.child("resourceAttributes", field);
    const { rawSelector = "", requirements = [] } = selector;
    if (rawSelector && requirements.length > 0)
      report.invalid(at.child("rawSelector"), rawSelector, "may not specified at the same time as requirements");
    if (!rawSelector && requirements.length === 0)
      report.required(at.child("requirements"), `when ${at} is specified, requirements or rawSelector is required`);
  }
}
export function validateSubjectReview(spec: SubjectAttributes, report: Report): void {
  validateAttributes(spec, report);
  if (!spec.user && !spec.groups?.length)
    report.invalid(SPEC.child("user"), spec.user ?? "", "at least one of user or group must be specified");
}
export function validateLocalReview(spec: SubjectAttributes, namespace: string, report: Report): void {
  validateSubjectReview(spec, report);
  const asked = spec.resourceAttributes?.namespace;
  if (spec.resourceAttributes && asked !== namespace)
    report.invalid(SPEC.child("resourceAttributes", "namespace"), asked ?? "", `must match metadata.namespace: ${namespace}`);
  if (spec.nonResourceAttributes)
    report.invalid(SPEC.child("nonResourceAttributes"), spec.nonResourceAttributes, "disallowed on this kind of request");
}
