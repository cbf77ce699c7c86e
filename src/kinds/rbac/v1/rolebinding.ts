import { kind } from "#kinds/kind.ts";
import { BINDING_COLUMNS } from "#kinds/rbac/v1/bindingcolumns.ts";
import { RoleRef, Subject } from "#kinds/rbac/v1/rules.ts";
import { defaultBinding, rbacNameProblem, validateBinding, validateBindingUpdate } from "#kinds/rbac/v1/validation.ts";
import { list, type ObjectOf } from "#schema/notation.ts";

export const RoleBinding = kind(
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "RoleBinding",
    plural: "rolebindings",
    namespaced: true,
    doc: "Gives the rights of a role to users, within one namespace.",
    home: "io.k8s.api.rbac.v1",
    fields: {
      subjects: list(2, Subject, "Who gets the rights.").atomic(),
      roleRef: RoleRef(3, "The role, of this namespace or of the cluster; it never changes.").required().always(),
    },
  },
  {
    createOnUpdate: true,
    ownColumns: true,
    columns: BINDING_COLUMNS,
    rules: {
      nameProblem: rbacNameProblem,
      defaults: defaultBinding,
      validate: (binding, report) => validateBinding(binding, true, report),
      validateUpdate: validateBindingUpdate,
    },
  },
);
export interface RoleBinding extends ObjectOf<typeof RoleBinding> {}
