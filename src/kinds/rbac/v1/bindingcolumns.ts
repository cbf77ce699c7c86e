/** The columns of RoleBinding and ClusterRoleBinding. */
import { AGE, NAME } from "#kinds/columns.ts";
import type { Column, KubeObject } from "#kinds/kind.ts";
import type { RoleRef, Subject } from "#kinds/rbac/v1/rules.ts";

interface Binding extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}
const names = (b: Binding, kind: string) => (b.subjects ?? []).filter(s => s.kind === kind).map(s => s.name);

export const BINDING_COLUMNS: readonly Column<Binding>[] = [
  NAME,
  { name: "Role", type: "string", doc: "The role that is granted.", cell: b => `${b.roleRef.kind}/${b.roleRef.name}` },
  AGE,
  { name: "Users", type: "string", wide: true, doc: "Users who get the role.", cell: b => names(b, "User").join(", ") },
  { name: "Groups", type: "string", wide: true, doc: "Groups that get the role.", cell: b => names(b, "Group").join(", ") },
  {
    name: "ServiceAccounts",
    type: "string",
    wide: true,
    doc: "Service accounts that get the role, with their namespaces.",
    cell: b =>
      (b.subjects ?? [])
        .filter(s => s.kind === "ServiceAccount")
        .map(s => `${s.namespace ?? ""}/${s.name}`)
        .join(", "),
  },
];
