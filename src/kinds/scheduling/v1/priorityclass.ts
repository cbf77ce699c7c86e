import { type Report, root } from "#base/fielderror.ts";
import { checkImmutable, checkSupported } from "#kinds/checks.ts";
import { AGE, NAME } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { bool, int32, type ObjectOf, string } from "#schema/notation.ts";

/** The highest priority that users may give; what is above belongs to the system. */
const HIGHEST = 1_000_000_000;
const SYSTEM: Readonly<Record<string, number>> = { "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000 };

function validatePriorityClass(name: string, value: number, policy: string | undefined, report: Report): void {
  if (name.startsWith("system-")) {
    if (SYSTEM[name] !== value)
      report.forbidden(
        root.child("metadata", "name"),
        "priority class names with 'system-' prefix are reserved for system use only. error: " +
          (SYSTEM[name] === undefined
            ? `${name} is not a known system priority class`
            : `value of ${name} PriorityClass must be ${SYSTEM[name]}`),
      );
  } else if (value > HIGHEST) report.forbidden(root.child("value"), `maximum allowed value of a user defined priority is ${HIGHEST}`);
  checkSupported(report, root.child("preemptionPolicy"), policy, ["PreemptLowerPriority", "Never"], true);
}

export const PriorityClass = kind(
  {
    group: "scheduling.k8s.io",
    version: "v1",
    kind: "PriorityClass",
    plural: "priorityclasses",
    namespaced: false,
    doc: "Gives pods a priority by name.",
    home: "io.k8s.api.scheduling.v1",
    fields: {
      value: int32(2, "The priority; higher ones go first. It never changes.").always(),
      globalDefault: bool(3, "Whether pods without a class get this one."),
      description: string(4, "When the class should be used."),
      preemptionPolicy: string(5, "Whether its pods may displace others: Never or PreemptLowerPriority, which holds unless stated.").oneOf(
        "Never",
        "PreemptLowerPriority",
      ),
    },
  },
  {
    short: ["pc"],
    generation: true,
    rules: {
      defaults: c => {
        c.preemptionPolicy ||= "PreemptLowerPriority";
      },
      validate: (c, report) => validatePriorityClass(c.metadata.name ?? "", c.value, c.preemptionPolicy, report),
      validateUpdate: (c, old, report) => {
        if (c.value !== old.value) report.forbidden(root.child("value"), "may not be changed in an update.");
        checkImmutable(report, root.child("preemptionPolicy"), c.preemptionPolicy, old.preemptionPolicy);
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
