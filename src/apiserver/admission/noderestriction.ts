/** NodeRestriction: a kubelet writes its own node, lease, pods' statuses and mirror pods, and no others. */

import { labelsProblem } from "#apiserver/admission/nodelabels.ts";
import { refusal } from "#apiserver/admission/refuse.ts";
import { referencesOf } from "#apiserver/auth/node/references.ts";
import { NODES, nodeOf } from "#apiserver/auth/users.ts";
import type { Admission, AdmissionPlugin, Objects } from "#apiserver/call.ts";
import { notFound } from "#base/status.ts";
import type { TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { resourceOf } from "#kinds/kind.ts";

const MIRROR = "kubernetes.io/config.mirror";
const quote = (text: string) => JSON.stringify(text);
const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

export function nodeRestriction(objects: Objects): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    admit(a) {
      if (a.operation === "CONNECT" || !a.user.groups.includes(NODES) || !a.user.name.startsWith("system:node:")) return;
      const node = nodeOf(a.user);
      if (node === undefined) throw refusal(a, `could not determine node from user ${quote(a.user.name)}`);
      const { group, plural } = a.kind;
      switch (plural) {
        case "pods":
          return group === "" ? pods(a, node, objects) : undefined;
        case "nodes":
          return group === "" ? ownNode(a, node) : undefined;
        case "serviceaccounts":
          return group === "" ? token(a, node, objects) : undefined;
        case "leases":
          return group === "coordination.k8s.io" ? lease(a, node) : undefined;
        // the body of a subresource has a kind of its own
        case "evictions":
          return group === "policy" ? evict(a, node, objects) : undefined;
        case "tokenrequests":
          return group === "authentication.k8s.io" ? token(a, node, objects) : undefined;
      }
    },
  };
}

function existing(a: Admission, objects: Objects): Pod {
  const pod = objects.get(Pod, a.name, a.namespace);
  if (pod === undefined) throw notFound(resourceOf(Pod), a.name);
  return pod;
}
function ownPod(a: Admission, pod: Pod, node: string, why: string): void {
  if (pod.spec.nodeName !== node) throw refusal(a, why);
}

function evict(a: Admission, node: string, objects: Objects): void {
  ownPod(a, existing(a, objects), node, `node ${node} can only evict pods with spec.nodeName set to itself`);
}
function pods(a: Admission, node: string, objects: Objects): void {
  const name = quote(node);
  switch (a.subresource) {
    case "":
      if (a.operation === "DELETE") {
        return ownPod(a, existing(a, objects), node, `node ${name} can only delete pods with spec.nodeName set to itself`);
      }
      if (a.operation === "CREATE") return mirrorPod(a, a.object as Pod, node, objects);
      throw refusal(a, `unexpected operation ${quote(a.operation)}, node ${name} can only create and delete mirror pods`);
    case "status": {
      if (a.operation !== "UPDATE") throw refusal(a, `unexpected operation ${quote(a.operation)}`);
      const [pod, old] = [a.object as Pod, a.old as Pod];
      ownPod(a, old, node, `node ${name} can only update pod status for pods with spec.nodeName set to itself`);
      if (!same(sorted(pod.metadata.labels), sorted(old.metadata.labels))) {
        throw refusal(a, `node ${name} cannot update labels through pod status`);
      }
      if (!same(pod.status.resourceClaimStatuses, old.status.resourceClaimStatuses)) {
        throw refusal(a, `node ${name} cannot update resource claim statues`);
      }
      return;
    }
    case "eviction":
      if (a.operation !== "CREATE") throw refusal(a, `unexpected operation ${a.operation}`);
      return ownPod(a, existing(a, objects), node, `node ${node} can only evict pods with spec.nodeName set to itself`);
    default:
      throw refusal(a, `unexpected pod subresource ${quote(a.subresource)}, only 'status' and 'eviction' are allowed`);
  }
}
const sorted = (labels: Record<string, string> | undefined) => Object.entries(labels ?? {}).sort();

function mirrorPod(a: Admission, pod: Pod, node: string, objects: Objects): void {
  const name = quote(node);
  if (pod.metadata.annotations?.[MIRROR] === undefined) {
    throw refusal(a, `pod does not have ${quote(MIRROR)} annotation, node ${name} can only create mirror pods`);
  }
  ownPod(a, pod, node, `node ${name} can only create pods with spec.nodeName set to itself`);
  const owners = pod.metadata.ownerReferences ?? [];
  const [owner] = owners;
  if (owners.length > 1) throw refusal(a, `node ${name} can only create pods with a single owner reference set to itself`);
  if (owner?.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node) {
    throw refusal(a, `node ${name} can only create pods with an owner reference set to itself`);
  }
  if (!owner.controller) throw refusal(a, `node ${name} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion) throw refusal(a, `node ${name} must not set blockOwnerDeletion on an owner reference`);
  const registered = objects.get(Node, node);
  if (registered === undefined) throw notFound(resourceOf(Node), node);
  if (owner.uid !== registered.metadata.uid) {
    throw refusal(a, `node ${node} UID mismatch: expected ${owner.uid} got ${registered.metadata.uid}`);
  }
  if (pod.spec.serviceAccountName) throw refusal(a, `node ${name} can not create pods that reference a service account`);
  // without the annotation the pod's references show
  const plain = { ...pod, metadata: { ...pod.metadata, annotations: undefined } };
  const kinds = new Set(referencesOf(plain).map(r => r.slice(0, r.indexOf("/"))));
  for (const kind of ["secrets", "configmaps", "persistentvolumeclaims"]) {
    if (kinds.has(kind)) throw refusal(a, `node ${name} can not create pods that reference ${kind}`);
  }
}

function ownNode(a: Admission, node: string): void {
  const name = quote(node);
  const requested = a.name || a.object?.metadata.name || "";
  if (requested !== node) throw refusal(a, `node ${name} is not allowed to modify node ${quote(requested)}`);
  const now = a.object as Node | undefined;
  const old = a.old as Node | undefined;
  if (a.operation === "CREATE" && now) {
    if (now.spec.configSource) throw refusal(a, `node ${name} is not allowed to create pods with a non-nil configSource`);
    const labels = labelsProblem(now.metadata.labels, undefined);
    if (labels) throw refusal(a, `node ${name} is not allowed to set the following labels: ${labels}`);
  }
  if (a.operation !== "UPDATE" || !now || !old) return;
  if (now.spec.configSource && !same(now.spec.configSource, old.spec.configSource)) {
    throw refusal(a, `node ${name} is not allowed to update configSource to a new non-nil configSource`);
  }
  if (!same(now.spec.taints, old.spec.taints)) throw refusal(a, `node ${name} is not allowed to modify taints`);
  const labels = labelsProblem(now.metadata.labels, old.metadata.labels);
  if (labels) throw refusal(a, `node ${name} is not allowed to modify labels: ${labels}`);
  if (!same(now.metadata.ownerReferences, old.metadata.ownerReferences)) {
    throw refusal(a, `node ${name} is not allowed to modify ownerReferences`);
  }
}

function lease(a: Admission, node: string): void {
  if (a.namespace !== "kube-node-lease") throw refusal(a, 'can only access leases in the "kube-node-lease" system namespace');
  const name = a.operation === "CREATE" ? a.object?.metadata.name : a.name;
  if (name !== node) throw refusal(a, "can only access node lease with the same name as the requesting node");
}

/** A node asks for tokens on behalf of pods that run on it, and for audiences that those pods name. */
function token(a: Admission, node: string, objects: Objects): void {
  if (a.operation !== "CREATE" || a.subresource !== "token") return;
  const { boundObjectRef: ref, audiences = [] } = (a.object as TokenRequest).spec;
  if (ref?.apiVersion !== "v1" || ref.kind !== "Pod" || !ref.name) throw refusal(a, "node requested token not bound to a pod");
  if (!ref.uid) throw refusal(a, "node requested token with a pod binding without a uid");
  const pod = objects.get(Pod, ref.name, a.namespace);
  if (pod === undefined) throw notFound(resourceOf(Pod), ref.name);
  if (ref.uid !== pod.metadata.uid) {
    throw refusal(
      a,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  ownPod(a, pod, node, "node requested token bound to a pod scheduled on a different node");
  if (audiences.length > 1) throw refusal(a, "node may only request 0 or 1 audiences");
  const named = (pod.spec.volumes ?? []).flatMap(v => v.projected?.sources ?? []).map(s => s.serviceAccountToken?.audience ?? "");
  const [wanted = ""] = audiences;
  if (wanted && !named.includes(wanted)) throw refusal(a, `audience ${quote(wanted)} not found in pod spec volume`);
}
