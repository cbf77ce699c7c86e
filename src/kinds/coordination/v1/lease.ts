import { type Report, root } from "#base/fielderror.ts";
import { checkNonnegative, checkQualified, checkSupported } from "#kinds/checks.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { int32, microTime, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.coordination.v1");

export const LeaseSpec = object("LeaseSpec", "", {
  holderIdentity: string(1, ""),
  leaseDurationSeconds: int32(2, ""),
  acquireTime: microTime(3, ""),
  renewTime: microTime(4, ""),
  leaseTransitions: int32(5, ""),
  strategy: string(6, ""),
  preferredHolder: string(7, ""),
});
export interface LeaseSpec extends ObjectOf<typeof LeaseSpec> {}

function validateLease(spec: LeaseSpec, report: Report): void {
  const at = root.child("spec");
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy, preferredHolder } = spec;
  if (seconds !== undefined && seconds <= 0) report.invalid(at.child("leaseDurationSeconds"), seconds, "must be greater than 0");
  checkNonnegative(report, at.child("leaseTransitions"), transitions);
  const field = at.child("strategy", "strategy");
  if (strategy?.includes("/")) checkQualified(report, field, strategy);
  else if (strategy !== undefined) checkSupported(report, field, strategy, ["OldestEmulationVersion"]);
  if (preferredHolder && !strategy) report.forbidden(at.child("preferredHolder"), "may only be specified if `strategy` is defined");
}

export const Lease = kind(
  {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.coordination.v1",
    fields: {
      spec: LeaseSpec(2, "").always(),
    },
  },
  {
    createOnUpdate: true,
    unconditionalUpdate: false,
    rules: { validate: ({ spec }, report) => validateLease(spec, report) },
    ownColumns: true,
    columns: [NAME, { name: "Holder", type: "string", doc: "Who holds the lease.", cell: l => l.spec.holderIdentity ?? "" }, AGE],
  },
);
export interface Lease extends ObjectOf<typeof Lease> {}
