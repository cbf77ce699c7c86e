import { kind } from "#kinds/kind.ts";
import { BINDING_COLUMNS } from "#kinds/rbac/v1/bindingcolumns.ts";
import { RoleRef, Subject } from "#kinds/rbac/v1/rules.ts";
import { defaultBinding, rbacNameProblem, validateBinding, validateBindingUpdate } from "#kinds/rbac/v1/validation.ts";
import { list, type ObjectOf } from "#schema/notation.ts";

export const ClusterRoleBinding = kind(
  {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    namespaced: false,
    doc: "Gives the rights of a cluster role to users, everywhere.",
    home: "io.k8s.api.rbac.v1",
    fields: {
      subjects: list(2, Subject, "Who gets the rights.").atomic(),
      roleRef: RoleRef(3, "The role; it never changes.").required().always(),
    },
  },
  {
    createOnUpdate: true,
    ownColumns: true,
    columns: BINDING_COLUMNS,
    rules: {
      nameProblem: rbacNameProblem,
      defaults: defaultBinding,
      validate: (binding, report) => validateBinding(binding, false, report),
      validateUpdate: validateBindingUpdate,
    },
  },
);
export interface ClusterRoleBinding extends ObjectOf<typeof ClusterRoleBinding> {}
