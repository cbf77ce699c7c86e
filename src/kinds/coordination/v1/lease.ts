import { type Report, root } from "#base/fielderror.ts";
import { checkNonnegative, checkQualified, checkSupported } from "#kinds/checks.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { int32, microTime, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.coordination.v1");

export const LeaseSpec = object("LeaseSpec", "Who holds the lease, and since when.", {
  holderIdentity: string(1, "Who holds it; empty when nobody does."),
  leaseDurationSeconds: int32(2, "How long others wait after renewTime before they take the lease over."),
  acquireTime: microTime(3, "When the holder got it."),
  renewTime: microTime(4, "When the holder last renewed it."),
  leaseTransitions: int32(5, "How often it has changed hands."),
  strategy: string(6, "How the holder is chosen in coordinated elections."),
  preferredHolder: string(7, "Who should get the lease next; the holder gives it up for them."),
});
export interface LeaseSpec extends ObjectOf<typeof LeaseSpec> {}

const SPEC = root.child("spec");
function validateLease(spec: LeaseSpec, report: Report): void {
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy, preferredHolder } = spec;
  if (seconds !== undefined && seconds <= 0) report.invalid(SPEC.child("leaseDurationSeconds"), seconds, "must be greater than 0");
  checkNonnegative(report, SPEC.child("leaseTransitions"), transitions);
  const field = SPEC.child("strategy", "strategy");
  if (strategy?.includes("/")) checkQualified(report, field, strategy);
  else if (strategy !== undefined) checkSupported(report, field, strategy, ["OldestEmulationVersion"]);
  if (preferredHolder && !strategy) report.forbidden(SPEC.child("preferredHolder"), "may only be specified if `strategy` is defined");
}

export const Lease = kind(
  {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    namespaced: true,
    doc: "A claim that holds for a limited time: leadership, or a node's sign of life.",
    home: "io.k8s.api.coordination.v1",
    fields: {
      spec: LeaseSpec(2, "Who holds the lease, and since when.").always(),
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
