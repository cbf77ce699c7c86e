/** Who holds which rules: an index of the bindings by subject, kept up by each change, so that a request costs microseconds. */

import { accountUser } from "#apiserver/auth/users.ts";
import type { Objects } from "#apiserver/call.ts";
import type { Identity } from "#base/http.ts";
import { selectorOf } from "#base/selector.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { ClusterRole } from "#kinds/rbac/v1/clusterrole.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";
import { Role } from "#kinds/rbac/v1/role.ts";
import { RoleBinding } from "#kinds/rbac/v1/rolebinding.ts";
import type { PolicyRule, RoleRef, Subject } from "#kinds/rbac/v1/rules.ts";

/** A binding that applies to a user, and the rules behind it; or why they cannot be had. */
export interface Grant {
  readonly rules: readonly PolicyRule[];
  /** `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"` */
  describe(): string;
}
interface Bound {
  readonly binding: KubeObject & { readonly roleRef: RoleRef };
  readonly subject: Subject;
  /** "" for a cluster role binding. */
  readonly namespace: string;
}
/** Bindings by their names, of one subject. */
type Grants = Map<string, Bound>;

export class Roles {
  private readonly objects: Objects;
  /** By namespace ("": cluster-wide), then by subject. */
  private readonly index = new Map<string, Map<string, Grants>>();
  /** Which subjects a binding names, by namespace and name. */
  private readonly subjects = new Map<string, readonly string[]>();
  /** Rules of aggregating roles, until any cluster role changes. */
  private aggregated = new Map<string, readonly PolicyRule[]>();

  /** Reads all bindings once and follows their changes; `objects` must be loaded. */
  constructor(objects: Objects) {
    this.objects = objects;
    for (const b of objects.list(ClusterRoleBinding)) this.add(b, b.subjects);
    for (const b of objects.list(RoleBinding)) this.add(b, b.subjects);
    objects.onChange(ClusterRoleBinding, (b, gone) => (gone ? this.remove(b) : this.add(b, b.subjects)));
    objects.onChange(RoleBinding, (b, gone) => (gone ? this.remove(b) : this.add(b, b.subjects)));
    objects.onChange(ClusterRole, () => this.aggregated.clear());
  }

  /** All that the user holds cluster-wide and in the namespace. Roles that are missing are told to `missing`. */
  *grantsOf(user: Identity, namespace: string, missing?: (why: string) => void): Generator<Grant> {
    for (const place of namespace ? ["", namespace] : [""]) {
      const bySubject = this.index.get(place);
      if (bySubject === undefined) continue;
      yield* this.rulesBehind(bySubject.get(`User ${user.name}`), missing);
      for (const group of user.groups) yield* this.rulesBehind(bySubject.get(`Group ${group}`), missing);
    }
  }
  /** All rules, for those who show or compare them. */
  rulesOf(user: Identity, namespace: string, missing?: (why: string) => void): PolicyRule[] {
    return [...this.grantsOf(user, namespace, missing)].flatMap(g => g.rules);
  }
  /** The rules of the role that a binding refers to; undefined when there is no such role. */
  referred(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    if (ref.kind === "Role") return this.objects.get(Role, ref.name, namespace)?.rules;
    const role = this.objects.get(ClusterRole, ref.name);
    return role && this.clusterRules(role);
  }

  private *rulesBehind(grants: Grants | undefined, missing?: (why: string) => void): Generator<Grant> {
    if (grants === undefined) return;
    for (const bound of grants.values()) {
      const { roleRef } = bound.binding;
      const rules = this.referred(roleRef, bound.namespace);
      if (rules !== undefined) yield { rules, describe: () => description(bound) };
      else missing?.(`${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(roleRef.name)} not found`);
    }
  }
  private clusterRules(role: ClusterRole): readonly PolicyRule[] {
    if (!role.aggregationRule?.clusterRoleSelectors?.length) return role.rules ?? [];
    const name = role.metadata.name!;
    const known = this.aggregated.get(name);
    if (known !== undefined) return known;
    const rules = aggregate(role, this.objects.list(ClusterRole));
    this.aggregated.set(name, rules);
    return rules;
  }

  private add(binding: Bound["binding"], subjects: readonly Subject[] | undefined): void {
    this.remove(binding);
    const { namespace = "", name = "" } = binding.metadata;
    const keys: string[] = [];
    for (const subject of subjects ?? []) {
      const key = keyOf(subject, namespace);
      if (key === undefined || keys.includes(key)) continue;
      keys.push(key);
      const bySubject = entry(this.index, namespace, () => new Map<string, Grants>());
      entry(bySubject, key, () => new Map()).set(name, { binding, subject, namespace });
    }
    this.subjects.set(`${namespace}/${name}`, keys);
  }
  private remove({ metadata: { namespace = "", name = "" } }: KubeObject): void {
    const bySubject = this.index.get(namespace);
    for (const key of this.subjects.get(`${namespace}/${name}`) ?? []) {
      const grants = bySubject?.get(key);
      grants?.delete(name);
      if (grants?.size === 0) bySubject?.delete(key);
    }
    this.subjects.delete(`${namespace}/${name}`);
    if (namespace && bySubject?.size === 0) this.index.delete(namespace);
  }
}

/**
 * The rules of a role that gathers others by their labels: those of each match once, in the order of names; roles that
 * aggregate themselves count with what they gather.
 */
export function aggregate(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const out = new Map<string, PolicyRule>();
  const seen = new Set<string>();
  const gather = (gathering: ClusterRole): void => {
    const name = gathering.metadata.name!;
    if (seen.has(name)) return;
    seen.add(name);
    const selectors = gathering.aggregationRule?.clusterRoleSelectors;
    if (!selectors?.length) {
      for (const rule of gathering.rules ?? []) out.set(JSON.stringify(rule), rule);
      return;
    }
    const matching = selectors.map(s => selectorOf(s));
    const chosen = all.filter(r => matching.some(m => m.matches(r.metadata.labels ?? {})));
    for (const r of chosen.sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))) gather(r);
  };
  gather(role);
  return [...out.values()];
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
function keyOf({ kind, name, namespace }: Subject, place: string): string | undefined {
  if (kind === "User" || kind === "Group") return `${kind} ${name}`;
  const home = namespace || place;
  return kind === "ServiceAccount" && home ? `User ${accountUser({ namespace: home, name })}` : undefined;
}
function description({ binding, subject, namespace }: Bound): string {
  const quote = (text: string) => JSON.stringify(text);
  const { name = "" } = binding.metadata;
  const what = namespace ? `RoleBinding ${quote(`${name}/${namespace}`)}` : `ClusterRoleBinding ${quote(name)}`;
  const who = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `${what} of ${binding.roleRef.kind} ${quote(binding.roleRef.name)} to ${subject.kind} ${quote(who)}`;
}
