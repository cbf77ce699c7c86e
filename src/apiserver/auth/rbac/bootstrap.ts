/** Brings the default roles and bindings into the cluster and keeps them up to date. */

import { uncovered } from "#apiserver/auth/rbac/cover.ts";
import { clusterBindings, clusterRoles } from "#apiserver/auth/rbac/defaults/cluster.ts";
import { controllerBindings, controllerRoles } from "#apiserver/auth/rbac/defaults/controllers.ts";
import { bindings, roles } from "#apiserver/auth/rbac/defaults/namespaces.ts";
import { AUTO_UPDATE } from "#apiserver/auth/rbac/defaults/notation.ts";
import { aggregate } from "#apiserver/auth/rbac/roles.ts";
import type { Objects } from "#apiserver/call.ts";
import { copyPlain } from "#base/plain.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";
import type { PolicyRule, Subject } from "#kinds/rbac/v1/rules.ts";

/** A write that is due. `recreate`: delete what is there first (a roleRef cannot change). */
export interface RoleWrite {
  readonly action: "create" | "update" | "recreate";
  readonly kind: Kind;
  readonly object: KubeObject;
}

/**
 * What must be written so that all defaults are there: nothing at most starts. Rules and subjects that somebody added stay;
 * objects annotated autoupdate "false" are left alone. The roles' namespaces, kube-system and kube-public, must exist.
 */
export function dueDefaults(objects: Objects): RoleWrite[] {
  const defaultRoles = [...clusterRoles, ...controllerRoles];
  return [
    ...defaultRoles
      .map(r => (r.aggregationRule ? { ...r, rules: aggregate(r, defaultRoles) } : r))
      .flatMap(r => due(objects, ClusterRole, r, roleWith)),
    ...[...clusterBindings, ...controllerBindings].flatMap(b => due(objects, ClusterRoleBinding, b, bindingWith)),
    ...roles.flatMap(r => due(objects, Role, r, roleWith)),
    ...bindings.flatMap(b => due(objects, RoleBinding, b, bindingWith)),
  ];
}

function due<T extends KubeObject>(objects: Objects, kind: Kind<T>, wanted: T, merge: (there: T, wanted: T) => T | undefined): RoleWrite[] {
  const { name = "", namespace } = wanted.metadata;
  const there = objects.get(kind, name, namespace);
  const write = (action: RoleWrite["action"], object: T): RoleWrite[] => [{ action, kind, object }];
  if (there === undefined) return write("create", copyPlain(wanted));
  if (there.metadata.annotations?.[AUTO_UPDATE] === "false") return [];
  if (!sameRef(there, wanted)) return write("recreate", copyPlain(wanted));
  const merged = merge(there, wanted);
  const labelled = withMetadata(there, wanted);
  return merged || labelled ? write("update", { ...(merged ?? there), metadata: labelled ?? there.metadata }) : [];
}
function sameRef(a: KubeObject, b: KubeObject): boolean {
  const [x, y] = [a, b].map(o => (o as Partial<RoleBinding>).roleRef);
  return x?.apiGroup === y?.apiGroup && x?.kind === y?.kind && x?.name === y?.name;
}
function withMetadata(there: KubeObject, wanted: KubeObject): KubeObject["metadata"] | undefined {
  const lacks = (field: "labels" | "annotations") =>
    Object.entries(wanted.metadata[field] ?? {}).some(([k, v]) => there.metadata[field]?.[k] !== v);
  if (!lacks("labels") && !lacks("annotations")) return undefined;
  return {
    ...there.metadata,
    labels: { ...there.metadata.labels, ...wanted.metadata.labels },
    annotations: { ...there.metadata.annotations, ...wanted.metadata.annotations },
  };
}

type AnyRole = ClusterRole | Role;
function roleWith<T extends AnyRole>(there: T, wanted: T): T | undefined {
  const rule = (wanted as ClusterRole).aggregationRule;
  if (rule !== undefined) {
    const own = (there as ClusterRole).aggregationRule;
    return own?.clusterRoleSelectors?.length ? undefined : { ...there, aggregationRule: rule, rules: wanted.rules };
  }
  // The rule as it stands here is nearly always there; taking rules apart costs a start milliseconds.
  const known = new Set((there.rules ?? []).map(ruleKey));
  const missing = uncovered(
    there.rules ?? [],
    wanted.rules.filter(r => !known.has(ruleKey(r))),
  );
  return missing.length > 0 ? { ...there, rules: [...(there.rules ?? []), ...missing] } : undefined;
}
function ruleKey({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string {
  return JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs]);
}
function bindingWith<T extends ClusterRoleBinding | RoleBinding>(there: T, wanted: T): T | undefined {
  const key = ({ kind, name, namespace = "" }: Subject) => `${kind} ${namespace} ${name}`;
  const known = new Set((there.subjects ?? []).map(key));
  const missing = (wanted.subjects ?? []).filter(s => !known.has(key(s)));
  return missing.length > 0 ? { ...there, subjects: [...(there.subjects ?? []), ...missing] } : undefined;
}
