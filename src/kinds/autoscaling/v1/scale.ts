import { root } from "#base/fielderror.ts";
import { checkNonnegative } from "#kinds/checks.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { int32, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.autoscaling.v1");

export const ScaleSpec = object("ScaleSpec", "", {
  replicas: int32(1, "").default(0),
});
export interface ScaleSpec extends ObjectOf<typeof ScaleSpec> {}

export const ScaleStatus = object("ScaleStatus", "", {
  replicas: int32(1, "").required().always(),
  selector: string(2, ""),
});
export interface ScaleStatus extends ObjectOf<typeof ScaleStatus> {}

export const Scale = kind(
  {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    plural: "scales",
    namespaced: true,
    doc: "",
    home: "io.k8s.api.autoscaling.v1",
    fields: {
      spec: ScaleSpec(2, "").always(),
      status: ScaleStatus(3, "").always(),
    },
  },
  {
    verbs: [],
    ephemeral: true,
    rules: { validate: ({ spec }, report) => checkNonnegative(report, root.child("spec", "replicas"), spec.replicas) },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Desired", type: "integer", doc: "How many pods are wanted.", cell: s => s.spec.replicas },
      { name: "Available", type: "integer", doc: "How many pods exist.", cell: s => s.status.replicas ?? 0 },
      AGE,
    ],
  },
);
export interface Scale extends ObjectOf<typeof Scale> {}
