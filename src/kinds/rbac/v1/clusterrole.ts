import { DEFAULT_COLUMNS } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { LabelSelector } from "#kinds/meta/v1/labelselector.ts";
import { PolicyRule } from "#kinds/rbac/v1/rules.ts";
import { rbacNameProblem, validateAggregation, validateRules } from "#kinds/rbac/v1/validation.ts";
import { list, type ObjectOf, objectsIn } from "#schema/notation.ts";

const object = objectsIn("io.k8s.api.rbac.v1");

export const AggregationRule = object("AggregationRule", "From which other roles a role is put together.", {
  clusterRoleSelectors: list(1, LabelSelector, "Roles that match one of these give their rules.").atomic(),
});
export interface AggregationRule extends ObjectOf<typeof AggregationRule> {}

export const ClusterRole = kind(
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "ClusterRole",
    plural: "clusterroles",
    namespaced: false,
    doc: "A set of rights, in all namespaces or beyond them.",
    home: "io.k8s.api.rbac.v1",
    fields: {
      rules: list(2, PolicyRule, "The rights.").always().atomic(),
      aggregationRule: AggregationRule(3, "The rights come from these roles; those in rules are overwritten."),
    },
  },
  {
    createOnUpdate: true,
    ownColumns: true,
    columns: DEFAULT_COLUMNS,
    rules: {
      nameProblem: rbacNameProblem,
      validate: (role, report) => {
        validateRules(role.rules, false, report);
        validateAggregation(role.aggregationRule, report);
      },
    },
  },
);
export interface ClusterRole extends ObjectOf<typeof ClusterRole> {}
