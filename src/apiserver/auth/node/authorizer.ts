/**
 * The node authorizer: a kubelet may read what the pods bound to its node refer to, its own node and lease, and little more
 * (https://kubernetes.io/docs/reference/access-authn-authz/node/).
 */
import { NodeReferences } from "#apiserver/auth/node/references.ts";
import { nodeRules } from "#apiserver/auth/rbac/defaults/node.ts";
import { allows } from "#apiserver/auth/rbac/rules.ts";
import { NODES, nodeOf } from "#apiserver/auth/users.ts";
import type { Attributes, Authorizer, Decision, Objects } from "#apiserver/call.ts";

const ALLOW: Decision = { decision: "allow", reason: "" };
const no = (reason = ""): Decision => ({ decision: "none", reason });

type Rule = (node: string, a: Attributes) => Decision;
/** By group, then by resource. */
const rulesOf = (rules: Readonly<Record<string, Readonly<Record<string, Rule>>>>) =>
  new Map(Object.entries(rules).map(([group, byResource]) => [group, new Map(Object.entries(byResource))]));

export function nodeAuthorizer(objects: Objects): Authorizer {
  const references = new NodeReferences(objects);
  const related = (node: string, a: Attributes): Decision => {
    const namespace = a.resource === "persistentvolumes" ? "" : a.namespace;
    return references.has(node, a.resource, namespace, a.name) ? ALLOW : no(`no relationship found between node '${node}' and this object`);
  };
  const held: Rule = (node, a) => single(a) ?? related(node, a);
  const read: Rule = (node, a) => {
    if (!["get", "list", "watch"].includes(a.verb)) return no("can only read resources of this type");
    if (a.subresource) return no("cannot read subresource");
    if (!a.namespace) return no("can only read namespaced object of this type");
    return a.name ? related(node, a) : no("No Object name found");
  };
  const claims: Rule = (node, a) => {
    if (a.subresource !== "status") return held(node, a);
    return ["update", "patch"].includes(a.verb) ? related(node, a) : no("can only get/update/patch this type");
  };
  const tokens: Rule = (node, a) => {
    if (a.verb !== "create" || !a.name) return no("can only create tokens for individual service accounts");
    if (a.subresource !== "token") return no("can only create token subresource of serviceaccount");
    return related(node, a);
  };
  const rules = rulesOf({
    "": {
      secrets: read,
      configmaps: read,
      persistentvolumeclaims: claims,
      persistentvolumes: held,
      serviceaccounts: tokens,
      nodes: ownNode,
      pods: (node, a) => pods(node, a, related),
    },
    "resource.k8s.io": { resourceclaims: held },
    "storage.k8s.io": { volumeattachments: held, csinodes: csiNode },
    "coordination.k8s.io": { leases: lease },
  });
  const ask: Rule = (node, a) => {
    const own = a.isResource ? rules.get(a.group)?.get(a.resource) : undefined;
    if (own) return own(node, a);
    return nodeRules.some(rule => allows(rule, a)) ? ALLOW : no();
  };
  return {
    authorize(attributes) {
      const { user } = attributes;
      if (!user.groups.includes(NODES) || !user.name.startsWith("system:node:")) return no();
      const node = nodeOf(user);
      return node === undefined ? no(`unknown node for user ${JSON.stringify(user.name)}`) : ask(node, attributes);
    },
  };
}

function single(a: Attributes): Decision | undefined {
  if (a.verb !== "get") return no("can only get individual resources of this type");
  if (a.subresource) return no("cannot get subresource");
  return a.name ? undefined : no("No Object name found");
}
const CHANGES = ["get", "create", "update", "patch", "delete"];
function lease(node: string, a: Attributes): Decision {
  if (!CHANGES.includes(a.verb)) return no("can only get, create, update, patch, or delete a node lease");
  if (a.namespace !== "kube-node-lease") return no('can only access leases in the "kube-node-lease" system namespace');
  // the name is not known on create: NodeRestriction looks at it
  if (a.verb !== "create" && a.name !== node) return no("can only access node lease with the same name as the requesting node");
  return ALLOW;
}
function csiNode(node: string, a: Attributes): Decision {
  if (!CHANGES.includes(a.verb)) return no("can only get, create, update, patch, or delete a CSINode");
  if (a.subresource) return no("cannot authorize CSINode subresources");
  if (a.verb !== "create" && a.name !== node) return no("can only access CSINode with the same name as the requesting node");
  return ALLOW;
}
/** Whose node it is to write, NodeRestriction decides. */
function ownNode(node: string, a: Attributes): Decision {
  if (a.subresource === "status") return ["update", "patch"].includes(a.verb) ? ALLOW : no();
  if (a.subresource) return no();
  if (["create", "update", "patch"].includes(a.verb)) return ALLOW;
  if (!["get", "list", "watch"].includes(a.verb)) return no();
  if (a.name === node) return ALLOW;
  return no(
    a.name
      ? `node '${node}' cannot read '${a.name}', only its own Node object`
      : `node '${node}' cannot read all nodes, only its own Node object`,
  );
}
function pods(node: string, a: Attributes, related: (node: string, a: Attributes) => Decision): Decision {
  switch (`${a.subresource}:${a.verb}`) {
    case ":get":
      return single(a) ?? related(node, a);
    case ":list":
    case ":watch":
      if ((a.fieldSelector ?? "").split(",").some(r => /^spec\.nodeName==?/.test(r) && r.replace(/^spec\.nodeName==?/, "") === node))
        return ALLOW;
      return a.name ? related(node, a) : no("can only list/watch pods with spec.nodeName field selector");
    case ":create":
    case ":delete":
    case "status:update":
    case "status:patch":
    case "eviction:create":
      return ALLOW;
    default:
      return no();
  }
}
