import { root } from "#base/fielderror.ts";
import { checkNonnegative } from "#kinds/checks.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { int32, type ObjectOf, objectsIn, string } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.autoscaling.v1");

export const ScaleSpec = object("ScaleSpec", "How large something should be.", {
  replicas: int32(1, "How many pods are wanted.").default(0),
});
export interface ScaleSpec extends ObjectOf<typeof ScaleSpec> {}

export const ScaleStatus = object("ScaleStatus", "How large something is.", {
  replicas: int32(1, "How many pods were last seen.").required().always(),
  selector: string(2, "The selector of the pods, as text."),
});
export interface ScaleStatus extends ObjectOf<typeof ScaleStatus> {}

export const Scale = kind(
  {
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    plural: "scales",
    namespaced: true,
    doc: "The size of anything that makes pods, in one form for all kinds.",
    home: "io.k8s.api.autoscaling.v1",
    fields: {
      spec: ScaleSpec(2, "The size that is wanted.").always(),
      status: ScaleStatus(3, "The size that was seen; read-only.").always(),
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
