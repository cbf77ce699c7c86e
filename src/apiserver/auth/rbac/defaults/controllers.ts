/** A cluster role for each controller, bound to its service account in kube-system. */
import { clusterBinding, clusterRole, eventsRule, READ, rule } from "#apiserver/auth/rbac/defaults/notation.ts";
import type { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import type { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import type { PolicyRule } from "#kinds/rbac/v1/rules.ts";

const STORAGE = "storage.k8s.io";
const SIGNERS =
  "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown";
const MANAGE_PODS = rule("create delete list patch watch", "core", "pods");
const REVISIONS = rule("create delete get list patch update watch", "apps", "controllerrevisions");
const SLICES = rule("create delete get list update watch", "discovery.k8s.io", "endpointslices");
const SERVICE_FINALIZERS = rule("update", "core", "services/finalizers");
const POD_STATUS = rule("patch update", "core", "pods/status");

/** By the name of the service account. */
const rules: Readonly<Record<string, readonly PolicyRule[]>> = {
  "attachdetach-controller": [
    rule("list watch", "core", "persistentvolumeclaims persistentvolumes"),
    rule(READ, "core", "nodes"),
    rule("patch update", "core", "nodes/status"),
    rule("list watch", "core", "pods"),
    eventsRule,
    rule("create delete get list watch", STORAGE, "volumeattachments"),
    rule(READ, STORAGE, "csidrivers"),
    rule(READ, STORAGE, "csinodes"),
  ],
  "certificate-controller": [
    rule("delete get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    rule("update", "certificates.k8s.io", "certificatesigningrequests/approval certificatesigningrequests/status"),
    rule("approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
    rule("sign", "certificates.k8s.io", "signers", SIGNERS),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    eventsRule,
  ],
  "clusterrole-aggregation-controller": [rule("escalate get list patch update watch", "rbac.authorization.k8s.io", "clusterroles")],
  "cronjob-controller": [
    rule("get list update watch", "batch", "cronjobs"),
    rule("create delete get list patch update watch", "batch", "jobs"),
    rule("update", "batch", "cronjobs/status"),
    rule("update", "batch", "cronjobs/finalizers"),
    rule("delete list watch", "core", "pods"),
    eventsRule,
  ],
  "daemon-set-controller": [
    rule(READ, "apps extensions", "daemonsets"),
    rule("update", "apps extensions", "daemonsets/status"),
    rule("update", "apps extensions", "daemonsets/finalizers"),
    rule("list watch", "core", "nodes"),
    MANAGE_PODS,
    rule("create", "core", "pods/binding"),
    REVISIONS,
    eventsRule,
  ],
  "deployment-controller": [
    rule("get list update watch", "apps extensions", "deployments"),
    rule("update", "apps extensions", "deployments/status"),
    rule("update", "apps extensions", "deployments/finalizers"),
    rule("create delete get list patch update watch", "apps extensions", "replicasets"),
    rule("get list update watch", "core", "pods"),
    eventsRule,
  ],
  "device-taint-eviction-controller": [
    rule("delete get list watch", "core", "pods"),
    POD_STATUS,
    rule(READ, "resource.k8s.io", "resourceclaims"),
    rule(READ, "resource.k8s.io", "resourceslices"),
    rule(READ, "resource.k8s.io", "deviceclasses"),
    eventsRule,
  ],
  "disruption-controller": [
    rule(READ, "apps extensions", "deployments"),
    rule(READ, "apps extensions", "replicasets"),
    rule(READ, "core", "replicationcontrollers"),
    rule(READ, "policy", "poddisruptionbudgets"),
    rule(READ, "apps", "statefulsets"),
    rule("update", "policy", "poddisruptionbudgets/status"),
    POD_STATUS,
    rule("get", "*", "*/scale"),
    eventsRule,
  ],
  "endpoint-controller": [
    rule(READ, "core", "pods services"),
    rule("create delete get list update watch", "core", "endpoints"),
    rule("create", "core", "endpoints/restricted"),
    eventsRule,
  ],
  "endpointslice-controller": [rule(READ, "core", "nodes pods services"), SERVICE_FINALIZERS, SLICES, eventsRule],
  "endpointslicemirroring-controller": [
    rule(READ, "core", "endpoints services"),
    SERVICE_FINALIZERS,
    rule("update", "core", "endpoints/finalizers"),
    SLICES,
    eventsRule,
  ],
  "ephemeral-volume-controller": [
    rule(READ, "core", "pods"),
    rule("update", "core", "pods/finalizers"),
    rule("create get list watch", "core", "persistentvolumeclaims"),
    eventsRule,
  ],
  "expand-controller": [
    rule("get list patch update watch", "core", "persistentvolumes"),
    rule("patch update", "core", "persistentvolumeclaims/status"),
    rule(READ, "core", "persistentvolumeclaims"),
    eventsRule,
  ],
  "generic-garbage-collector": [rule("delete get list patch update watch", "*", "*"), eventsRule],
  "horizontal-pod-autoscaler": [
    rule(READ, "autoscaling", "horizontalpodautoscalers"),
    rule("update", "autoscaling", "horizontalpodautoscalers/status"),
    rule("get update", "*", "*/scale"),
    rule("list watch", "core", "pods"),
    rule("list watch", "metrics.k8s.io", "pods"),
    rule(READ, "custom.metrics.k8s.io", "*"),
    rule(READ, "external.metrics.k8s.io", "*"),
    eventsRule,
  ],
  "job-controller": [
    rule("get list patch update watch", "batch", "jobs"),
    rule("update", "batch", "jobs/status"),
    rule("update", "batch", "jobs/finalizers"),
    MANAGE_PODS,
    eventsRule,
  ],
  "legacy-service-account-token-cleaner": [
    rule("get", "core", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
    rule("delete patch", "core", "secrets"),
  ],
  "namespace-controller": [
    rule("delete get list watch", "core", "namespaces"),
    rule("update", "core", "namespaces/finalize namespaces/status"),
    rule("delete deletecollection get list watch", "*", "*"),
  ],
  "node-controller": [
    rule("delete get list patch update watch", "core", "nodes"),
    rule("patch update", "core", "nodes/status"),
    POD_STATUS,
    rule("delete get list watch", "core", "pods"),
    eventsRule,
  ],
  "persistent-volume-binder": [
    rule("create delete get list update watch", "core", "persistentvolumes"),
    rule("update", "core", "persistentvolumes/status"),
    rule("get list update watch", "core", "persistentvolumeclaims"),
    rule("update", "core", "persistentvolumeclaims/status"),
    rule("create delete get list watch", "core", "pods"),
    rule(READ, STORAGE, "storageclasses"),
    rule("list watch", "core", "nodes"),
    eventsRule,
    rule("watch", "core", "events"),
  ],
  "pod-garbage-collector": [rule("delete list watch", "core", "pods"), rule(READ, "core", "nodes"), rule("patch", "core", "pods/status")],
  "pv-protection-controller": [rule("get list update watch", "core", "persistentvolumes"), eventsRule],
  "pvc-protection-controller": [
    rule("get list update watch", "core", "persistentvolumeclaims"),
    rule("update", "core", "persistentvolumeclaims/status"),
    rule(READ, "core", "pods"),
    eventsRule,
  ],
  "replicaset-controller": [
    rule("get list update watch", "apps extensions", "replicasets"),
    rule("update", "apps extensions", "replicasets/status"),
    rule("update", "apps extensions", "replicasets/finalizers"),
    MANAGE_PODS,
    eventsRule,
  ],
  "replication-controller": [
    rule("get list update watch", "core", "replicationcontrollers"),
    rule("update", "core", "replicationcontrollers/status"),
    rule("update", "core", "replicationcontrollers/finalizers"),
    MANAGE_PODS,
    eventsRule,
  ],
  "resource-claim-controller": [
    rule(READ, "core", "pods"),
    rule("update", "core", "pods/finalizers"),
    rule("create delete get list watch", "resource.k8s.io", "resourceclaims"),
    rule("patch update", "resource.k8s.io", "resourceclaims resourceclaims/status"),
    POD_STATUS,
    eventsRule,
    rule("patch update", "resource.k8s.io", "resourceclaims/binding"),
  ],
  "resourcequota-controller": [rule("list watch", "*", "*"), rule("update", "core", "resourcequotas/status"), eventsRule],
  "root-ca-cert-publisher": [rule("create update", "core", "configmaps"), eventsRule],
  "route-controller": [rule("list watch", "core", "nodes"), rule("patch", "core", "nodes/status"), eventsRule],
  "selinux-warning-controller": [
    eventsRule,
    rule(READ, "core", "persistentvolumes"),
    rule(READ, "core", "persistentvolumeclaims"),
    rule(READ, "core", "pods"),
    rule(READ, STORAGE, "csidrivers"),
  ],
  "service-account-controller": [rule("create", "core", "serviceaccounts"), eventsRule],
  "service-cidrs-controller": [
    rule("get list patch update watch", "networking.k8s.io", "servicecidrs"),
    rule("patch update", "networking.k8s.io", "servicecidrs/finalizers"),
    rule("patch update", "networking.k8s.io", "servicecidrs/status"),
    rule(READ, "networking.k8s.io", "ipaddresses"),
    eventsRule,
  ],
  "service-controller": [
    rule(READ, "core", "services"),
    rule("patch update", "core", "services/status"),
    rule("list watch", "core", "nodes"),
    eventsRule,
  ],
  "statefulset-controller": [
    rule("list watch", "core", "pods"),
    rule(READ, "apps", "statefulsets"),
    rule("update", "apps", "statefulsets/status"),
    rule("update", "apps", "statefulsets/finalizers"),
    rule("create delete get patch update", "core", "pods"),
    REVISIONS,
    rule("create get list watch", "core", "persistentvolumeclaims"),
    rule("delete update", "core", "persistentvolumeclaims"),
    rule("update", "core", "pods/finalizers"),
    eventsRule,
  ],
  "ttl-after-finished-controller": [rule("delete get list watch", "batch", "jobs"), eventsRule],
  "ttl-controller": [rule("list patch update watch", "core", "nodes"), eventsRule],
  "validatingadmissionpolicy-status-controller": [
    rule(READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
    rule("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
    eventsRule,
  ],
  "volumeattributesclass-protection-controller": [
    rule(READ, "core", "persistentvolumeclaims"),
    rule(READ, "core", "persistentvolumes"),
    rule("get list update watch", STORAGE, "volumeattributesclasses"),
    eventsRule,
  ],
};

const roleName = (account: string) => `system:controller:${account}`;
export const controllerRoles: readonly ClusterRole[] = Object.entries(rules).map(([a, r]) => clusterRole(roleName(a), [...r]));
export const controllerBindings: readonly ClusterRoleBinding[] = Object.keys(rules).map(a =>
  clusterBinding(roleName(a), `ServiceAccount kube-system/${a}`),
);
