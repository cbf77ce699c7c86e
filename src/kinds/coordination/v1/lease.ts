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
    ownColumns: true,
    columns: [NAME, { name: "Holder", type: "string", doc: "Who holds the lease.", cell: l => l.spec.holderIdentity ?? "" }, AGE],
  },
);
export interface Lease extends ObjectOf<typeof Lease> {}
