/** The list of all built-in kinds. Adding one is its file and a line here. */
import { ControllerRevision } from "#kinds/apps/v1/controllerrevision.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import { SelfSubjectReview } from "#kinds/authentication/v1/selfsubjectreview.ts";
import { TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";
import { TokenReview } from "#kinds/authentication/v1/tokenreview.ts";
import { LocalSubjectAccessReview } from "#kinds/authorization/v1/localsubjectaccessreview.ts";
import { SelfSubjectAccessReview } from "#kinds/authorization/v1/selfsubjectaccessreview.ts";
import { SelfSubjectRulesReview } from "#kinds/authorization/v1/selfsubjectrulesreview.ts";
import { SubjectAccessReview } from "#kinds/authorization/v1/subjectaccessreview.ts";
import { Scale } from "#kinds/autoscaling/v1/scale.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { Binding } from "#kinds/core/v1/binding.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { Event as EventsEvent } from "#kinds/events/v1/event.ts";
import type { Kind } from "#kinds/kind.ts";
import { Eviction } from "#kinds/policy/v1/eviction.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";
import { PriorityClass } from "#kinds/scheduling/v1/priorityclass.ts";

/**
 * All kinds: by group in the order in which discovery lists groups, within a group by resource. Kinds without verbs (Scale, Eviction,
 * TokenRequest) are bodies of subresources and have no resource of their own.
 */
const all = [
  Binding,
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  Pod,
  Secret,
  ServiceAccount,
  Service,
  ControllerRevision,
  Deployment,
  ReplicaSet,
  EventsEvent,
  SelfSubjectReview,
  TokenRequest,
  TokenReview,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  Scale,
  Eviction,
  ClusterRoleBinding,
  ClusterRole,
  RoleBinding,
  Role,
  PriorityClass,
  Lease,
  EndpointSlice,
] as const;
export const kinds: readonly Kind[] = all;

/** The type of each of them, with its literal names. */
export type BuiltInKind = (typeof all)[number];

export interface Group {
  /** "" for core. */
  readonly name: string;
  /** Served versions, the preferred one first. */
  readonly versions: readonly string[];
}

/** Groups that have resources of their own, in discovery's order; versions by upstream's preference (v2 before v1, v1 before v1beta1). */
export const groups: readonly Group[] = groupsOf(kinds.filter(k => k.verbs.length > 0));

function groupsOf(served: readonly Kind[]): Group[] {
  const versions = new Map<string, Set<string>>();
  for (const k of served) versions.set(k.group, (versions.get(k.group) ?? new Set()).add(k.version));
  return [...versions].map(([name, set]) => ({ name, versions: [...set].sort(byPreference) }));
}

/** Order of versions: stable before beta before alpha, then the higher number first (apimachinery's CompareKubeAwareVersionStrings). */
export function byPreference(a: string, b: string): number {
  const [x, y] = [rank(a), rank(b)];
  for (const [i, n] of x.entries()) if (n !== y[i]) return y[i]! - n;
  return a < b ? -1 : a > b ? 1 : 0;
}
function rank(version: string): readonly [number, number, number] {
  const m = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!m) return [-1, 0, 0];
  return [m[2] === undefined ? 2 : m[2] === "beta" ? 1 : 0, Number(m[1]), Number(m[3] ?? 0)];
}

const id = (group: string, version: string, last: string) => `${group}/${version}/${last}`;
const byPlural = new Map(kinds.filter(k => k.verbs.length > 0).map(k => [id(k.group, k.version, k.plural), k]));
const byKind = new Map(kinds.map(k => [id(k.group, k.version, k.kind), k]));

/** The kind behind a resource of the API: `kindOfResource("apps", "v1", "deployments")`. */
export function kindOfResource(group: string, version: string, plural: string): Kind | undefined {
  return byPlural.get(id(group, version, plural));
}
/** The kind by its name, bodies of subresources included: `kindNamed("autoscaling", "v1", "Scale")`. */
export function kindNamed(group: string, version: string, kind: string): Kind | undefined {
  return byKind.get(id(group, version, kind));
}
