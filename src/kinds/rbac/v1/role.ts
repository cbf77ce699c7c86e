import { DEFAULT_COLUMNS } from "#kinds/columns.ts";
import { kind } from "#kinds/kind.ts";
import { PolicyRule } from "#kinds/rbac/v1/rules.ts";
import { rbacNameProblem, validateRules } from "#kinds/rbac/v1/validation.ts";
import { list, type ObjectOf } from "#schema/notation.ts";

export const Role = kind(
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "Role",
    plural: "roles",
    namespaced: true,
    doc: "A set of rights within one namespace.",
    home: "io.k8s.api.rbac.v1",
    fields: {
      rules: list(2, PolicyRule, "The rights.").always().atomic(),
    },
  },
  {
    createOnUpdate: true,
    ownColumns: true,
    columns: DEFAULT_COLUMNS,
    rules: { nameProblem: rbacNameProblem, validate: (role, report) => validateRules(role.rules, true, report) },
  },
);
export interface Role extends ObjectOf<typeof Role> {}
