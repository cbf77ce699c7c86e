/** Default roles within kube-system and kube-public, and their bindings. */
import { binding, eventsRule, READ, role, rule } from "#apiserver/auth/rbac/defaults/notation.ts";
import type { Role } from "#kinds/rbac/v1/role.ts";
import type { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";

const SYSTEM = "kube-system";
const leaderLocking = [
  rule("create get list update watch", "coordination.k8s.io", "leases"),
  rule("create get list update watch", "coordination.k8s.io", "leasecandidates"),
];

export const roles: readonly Role[] = [
  role("kube-public", "system:controller:bootstrap-signer", [
    rule(READ, "core", "configmaps"),
    rule("update", "core", "configmaps", "cluster-info"),
    eventsRule,
  ]),
  role(SYSTEM, "extension-apiserver-authentication-reader", [rule(READ, "core", "configmaps", "extension-apiserver-authentication")]),
  role(SYSTEM, "system::leader-locking-kube-controller-manager", leaderLocking),
  role(SYSTEM, "system::leader-locking-kube-scheduler", leaderLocking),
  role(SYSTEM, "system:controller:bootstrap-signer", [rule(READ, "core", "secrets")]),
  role(SYSTEM, "system:controller:cloud-provider", [rule("create get list watch", "core", "configmaps")]),
  role(SYSTEM, "system:controller:token-cleaner", [rule("delete get list watch", "core", "secrets"), eventsRule]),
];

const own = (namespace: string, name: string, ...subjects: string[]) => binding(namespace, name, name, ...subjects);
export const bindings: readonly RoleBinding[] = [
  own("kube-public", "system:controller:bootstrap-signer", "ServiceAccount kube-system/bootstrap-signer"),
  binding(
    SYSTEM,
    "system::extension-apiserver-authentication-reader",
    "extension-apiserver-authentication-reader",
    "User system:kube-controller-manager",
    "User system:kube-scheduler",
  ),
  own(
    SYSTEM,
    "system::leader-locking-kube-controller-manager",
    "User system:kube-controller-manager",
    "ServiceAccount kube-system/kube-controller-manager",
    "ServiceAccount kube-system/leader-election-controller",
  ),
  own(SYSTEM, "system::leader-locking-kube-scheduler", "User system:kube-scheduler", "ServiceAccount kube-system/kube-scheduler"),
  own(SYSTEM, "system:controller:bootstrap-signer", "ServiceAccount kube-system/bootstrap-signer"),
  own(SYSTEM, "system:controller:cloud-provider", "ServiceAccount kube-system/cloud-provider"),
  own(SYSTEM, "system:controller:token-cleaner", "ServiceAccount kube-system/token-cleaner"),
];
