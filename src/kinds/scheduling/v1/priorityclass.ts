import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { bool, int32, type ObjectOf, string } from "#schema/notation.ts";

export const PriorityClass = kind(
  {
    group: "scheduling.k8s.io",
    version: "v1",
    kind: "PriorityClass",
    plural: "priorityclasses",
    namespaced: false,
    doc: "",
    home: "io.k8s.api.scheduling.v1",
    fields: {
      value: int32(2, "").always(),
      globalDefault: bool(3, ""),
      description: string(4, ""),
      preemptionPolicy: string(5, "").oneOf("Never", "PreemptLowerPriority"),
    },
  },
  {
    short: ["pc"],
    generation: true,
    rules: {
      defaults: c => {
        c.preemptionPolicy ||= "PreemptLowerPriority";
      },
    },
    ownColumns: true,
    columns: [
      NAME,
      { name: "Value", type: "integer", doc: "The priority of the class's pods.", cell: c => c.value },
      { name: "Global-Default", type: "boolean", doc: "Whether pods without a class get this one.", cell: c => c.globalDefault ?? false },
      AGE,
      { name: "PreemptionPolicy", type: "string", doc: "Whether its pods may displace others.", cell: c => c.preemptionPolicy ?? "" },
    ],
  },
);
export interface PriorityClass extends ObjectOf<typeof PriorityClass> {}
