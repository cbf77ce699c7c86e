/**
 * The default cluster roles and their bindings, upstream's bootstrap policy
 * (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings).
 */
import { nodeRules } from "#apiserver/auth/rbac/defaults/node.ts";
import {
  clusterBinding,
  clusterRole,
  eventsRule,
  gathering,
  partOf,
  READ,
  READ_WRITE,
  rule,
  urls,
  WRITE,
} from "#apiserver/auth/rbac/defaults/notation.ts";
import type { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import type { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";

const HEALTH = "/healthz /livez /readyz";
const APPS_SCALED =
  "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale";

const forUsers: ClusterRole[] = [
  clusterRole("cluster-admin", [rule("*", "*", "*"), urls("*", "*")]),
  gathering("admin"),
  gathering("edit", partOf("admin")),
  gathering("view", partOf("edit")),
  clusterRole(
    "system:aggregate-to-admin",
    [
      rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
      rule(READ_WRITE, "rbac.authorization.k8s.io", "rolebindings roles"),
    ],
    partOf("admin"),
  ),
  clusterRole(
    "system:aggregate-to-edit",
    [
      rule(READ, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
      rule("impersonate", "core", "serviceaccounts"),
      rule(WRITE, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
      rule("create", "core", "pods/eviction"),
      rule(
        WRITE,
        "core",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
      ),
      rule("create", "core", "serviceaccounts/token"),
      rule(WRITE, "apps", APPS_SCALED),
      rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
      rule(WRITE, "batch", "cronjobs jobs"),
      rule(
        WRITE,
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
      ),
      rule(WRITE, "policy", "poddisruptionbudgets"),
      rule(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
      rule(READ_WRITE, "coordination.k8s.io", "leases"),
      rule(WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
    ],
    partOf("edit"),
  ),
  clusterRole(
    "system:aggregate-to-view",
    [
      rule(
        READ,
        "core",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
      ),
      rule(
        READ,
        "core",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
      ),
      rule(READ, "core", "namespaces"),
      rule(READ, "discovery.k8s.io", "endpointslices"),
      rule(
        READ,
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
      ),
      rule(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
      rule(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
      rule(
        READ,
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
      ),
      rule(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
      rule(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
      rule(READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
    ],
    partOf("view"),
  ),
  clusterRole("system:basic-user", [
    rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
    rule("create", "authentication.k8s.io", "selfsubjectreviews"),
  ]),
  clusterRole("system:discovery", [urls("get", `/api /api/* /apis /apis/* ${HEALTH} /openapi /openapi/* /version /version/`)]),
  clusterRole("system:public-info-viewer", [urls("get", `${HEALTH} /version /version/`)]),
  clusterRole("system:monitoring", [urls("get", `${HEALTH} /healthz/* /livez/* /readyz/* /metrics /metrics/slis`)]),
  clusterRole("system:service-account-issuer-discovery", [urls("get", "/.well-known/openid-configuration /openid/v1/jwks")]),
];

const approver = (signer: string) => [rule("approve", "certificates.k8s.io", "signers", `kubernetes.io/${signer}`)];
const forComponents: ClusterRole[] = [
  clusterRole("system:auth-delegator", [
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
  ]),
  ...["nodeclient", "selfnodeclient"].map(sub =>
    clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${sub}`, [
      rule("create", "certificates.k8s.io", `certificatesigningrequests/${sub}`),
    ]),
  ),
  ...["kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown"].map(signer =>
    clusterRole(`system:certificates.k8s.io:${signer}-approver`, approver(signer)),
  ),
  clusterRole("system:heapster", [rule(READ, "core", "events namespaces nodes pods"), rule(READ, "extensions", "deployments")]),
  clusterRole("system:kube-aggregator", [rule(READ, "core", "endpoints services")]),
  clusterRole("system:kube-controller-manager", [
    eventsRule,
    rule("create", "coordination.k8s.io", "leases"),
    rule("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
    rule("create", "core", "secrets serviceaccounts"),
    rule("delete", "core", "secrets"),
    rule("get", "core", "configmaps namespaces secrets serviceaccounts"),
    rule("update", "core", "secrets serviceaccounts"),
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    rule("list watch", "*", "*"),
    rule("create", "core", "serviceaccounts/token"),
  ]),
  clusterRole("system:kube-dns", [
    rule("list watch", "core", "endpoints services"),
    rule("list watch", "discovery.k8s.io", "endpointslices"),
  ]),
  clusterRole("system:kube-scheduler", [
    eventsRule,
    rule("create", "coordination.k8s.io", "leases"),
    rule("get update", "coordination.k8s.io", "leases", "kube-scheduler"),
    rule(READ, "core", "nodes"),
    rule("delete get list watch", "core", "pods"),
    rule("create", "core", "bindings pods/binding"),
    rule("patch update", "core", "pods/status"),
    rule(READ, "core", "replicationcontrollers services"),
    rule(READ, "apps extensions", "replicasets"),
    rule(READ, "apps", "statefulsets"),
    rule(READ, "policy", "poddisruptionbudgets"),
    rule(READ, "core", "persistentvolumeclaims persistentvolumes"),
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
    rule(READ, "storage.k8s.io", "csinodes"),
    rule(READ, "core", "namespaces"),
    rule(READ, "storage.k8s.io", "csidrivers"),
    rule(READ, "storage.k8s.io", "csistoragecapacities"),
    rule(READ, "storage.k8s.io", "volumeattachments"),
    rule(READ, "resource.k8s.io", "deviceclasses"),
    rule("get list patch update watch", "resource.k8s.io", "resourceclaims"),
    rule("get list patch update watch", "resource.k8s.io", "resourceclaims/status"),
    rule("update", "core", "pods/finalizers"),
    rule(READ, "resource.k8s.io", "resourceslices"),
  ]),
  clusterRole("system:kubelet-api-admin", [
    rule(READ, "core", "nodes"),
    rule("proxy", "core", "nodes"),
    rule("*", "core", "nodes/configz nodes/healthz nodes/log nodes/metrics nodes/pods nodes/proxy nodes/stats"),
  ]),
  clusterRole("system:node", nodeRules),
  clusterRole("system:node-bootstrapper", [rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests")]),
  clusterRole("system:node-problem-detector", [rule("get", "core", "nodes"), rule("patch", "core", "nodes/status"), eventsRule]),
  clusterRole("system:node-proxier", [
    rule("list watch", "core", "endpoints services"),
    rule(READ, "core", "nodes"),
    eventsRule,
    rule("list watch", "discovery.k8s.io", "endpointslices"),
    rule("list watch", "networking.k8s.io", "servicecidrs"),
  ]),
  clusterRole("system:persistent-volume-provisioner", [
    rule("create delete get list watch", "core", "persistentvolumes"),
    rule("get list update watch", "core", "persistentvolumeclaims"),
    rule(READ, "storage.k8s.io", "storageclasses"),
    rule("watch", "core", "events"),
    eventsRule,
  ]),
  clusterRole("system:volume-scheduler", [
    rule("get list patch update watch", "core", "persistentvolumes"),
    rule(READ, "storage.k8s.io", "storageclasses"),
    rule("get list patch update watch", "core", "persistentvolumeclaims"),
  ]),
];

export const clusterRoles: readonly ClusterRole[] = [...forUsers, ...forComponents];

export const clusterBindings: readonly ClusterRoleBinding[] = [
  clusterBinding("cluster-admin", "Group system:masters"),
  clusterBinding("system:basic-user", "Group system:authenticated"),
  clusterBinding("system:discovery", "Group system:authenticated"),
  clusterBinding("system:kube-controller-manager", "User system:kube-controller-manager"),
  clusterBinding("system:kube-dns", "ServiceAccount kube-system/kube-dns"),
  clusterBinding("system:kube-scheduler", "User system:kube-scheduler"),
  clusterBinding("system:monitoring", "Group system:monitoring"),
  clusterBinding("system:node"),
  clusterBinding("system:node-proxier", "User system:kube-proxy"),
  clusterBinding("system:public-info-viewer", "Group system:authenticated", "Group system:unauthenticated"),
  clusterBinding("system:service-account-issuer-discovery", "Group system:serviceaccounts"),
  clusterBinding("system:volume-scheduler", "User system:kube-scheduler"),
];
