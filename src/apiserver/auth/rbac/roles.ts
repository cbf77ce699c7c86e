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

type Binding = KubeObject & { readonly roleRef: RoleRef };
/** A binding that applies to a user. */
export class Grant {
  readonly role: RoleRef;
  /** "" for a cluster role binding. */
  readonly namespace: string;
  readonly #binding: Binding;
  readonly #subject: Subject;
  #description: string | undefined;
  constructor(binding: Binding, subject: Subject, namespace: string) {
    this.role = binding.roleRef;
    this.namespace = namespace;
    this.#binding = binding;
    this.#subject = subject;
  }
  /** `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"` */
  describe(): string {
    this.#description ??= description(this.#binding, this.#subject, this.namespace);
    return this.#description;
  }
}
/** Bindings by their names, of one subject. */
type Grants = Map<string, Grant>;
/** Who is named by bindings: users (service accounts among them) and groups, by name. */
interface Subjects {
  readonly users: Map<string, Grants>;
  readonly groups: Map<string, Grants>;
}
/** Where a subject stands among them. */
interface Place {
  readonly among: keyof Subjects;
  readonly name: string;
}

export class Roles {
  private readonly objects: Objects;
  /** By namespace ("": cluster-wide). */
  private readonly index = new Map<string, Subjects>();
  /** Which subjects a binding names, by namespace and name. */
  private readonly subjects = new Map<string, readonly Place[]>();
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

  /**
   * The first of the user's bindings, cluster-wide and in the namespace, whose rules are `enough`. Roles that are missing on the way are
   * told to `missing`.
   */
  grantOf(user: Identity, namespace: string, enough: Enough, missing?: (why: string) => void): Grant | undefined {
    return this.grantIn("", user, enough, missing) ?? (namespace ? this.grantIn(namespace, user, enough, missing) : undefined);
  }
  /** All rules that the user holds, for those who show or compare them. */
  rulesOf(user: Identity, namespace: string, missing?: (why: string) => void): PolicyRule[] {
    const all: PolicyRule[] = [];
    const gather = (rules: readonly PolicyRule[]) => {
      all.push(...rules);
      return false;
    };
    this.grantOf(user, namespace, gather, missing);
    return all;
  }
  /** The rules of the role that a binding refers to; undefined when there is no such role. */
  referred(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    if (ref.kind === "Role") return this.objects.get(Role, ref.name, namespace)?.rules;
    const role = this.objects.get(ClusterRole, ref.name);
    return role && this.clusterRules(role);
  }

  private grantIn(place: string, { name, groups }: Identity, enough: Enough, missing?: (why: string) => void): Grant | undefined {
    const subjects = this.index.get(place);
    if (subjects === undefined) return undefined;
    let found = this.firstOf(subjects.users.get(name), enough, missing);
    for (let i = 0; i < groups.length && !found; i++) found = this.firstOf(subjects.groups.get(groups[i]!), enough, missing);
    return found;
  }
  private firstOf(grants: Grants | undefined, enough: Enough, missing?: (why: string) => void): Grant | undefined {
    if (grants === undefined) return undefined;
    for (const grant of grants.values()) {
      const { role } = grant;
      const rules = this.referred(role, grant.namespace);
      if (rules === undefined) missing?.(`${role.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(role.name)} not found`);
      else if (enough(rules)) return grant;
    }
    return undefined;
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

  private add(binding: Binding, named: readonly Subject[] | undefined): void {
    this.remove(binding);
    const { namespace = "", name = "" } = binding.metadata;
    const places: Place[] = [];
    for (const subject of named ?? []) {
      const place = placeOf(subject, namespace);
      if (place === undefined || places.some(p => p.among === place.among && p.name === place.name)) continue;
      places.push(place);
      const subjects = entry(this.index, namespace, () => ({ users: new Map(), groups: new Map() }));
      entry(subjects[place.among], place.name, (): Grants => new Map()).set(name, new Grant(binding, subject, namespace));
    }
    this.subjects.set(`${namespace}/${name}`, places);
  }
  private remove({ metadata: { namespace = "", name = "" } }: KubeObject): void {
    const subjects = this.index.get(namespace);
    for (const place of this.subjects.get(`${namespace}/${name}`) ?? []) {
      const grants = subjects?.[place.among].get(place.name);
      grants?.delete(name);
      if (grants?.size === 0) subjects?.[place.among].delete(place.name);
    }
    this.subjects.delete(`${namespace}/${name}`);
    if (namespace && subjects?.users.size === 0 && subjects.groups.size === 0) this.index.delete(namespace);
  }
}
/** Whether the rules of a role are what is looked for. */
type Enough = (rules: readonly PolicyRule[]) => boolean;

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
function placeOf({ kind, name, namespace }: Subject, place: string): Place | undefined {
  if (kind === "User") return { among: "users", name };
  if (kind === "Group") return { among: "groups", name };
  const home = namespace || place;
  return kind === "ServiceAccount" && home ? { among: "users", name: accountUser({ namespace: home, name }) } : undefined;
}
function description(binding: Binding, subject: Subject, namespace: string): string {
  const quote = (text: string) => JSON.stringify(text);
  const { name = "" } = binding.metadata;
  const what = namespace ? `RoleBinding ${quote(`${name}/${namespace}`)}` : `ClusterRoleBinding ${quote(name)}`;
  const who = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `${what} of ${binding.roleRef.kind} ${quote(binding.roleRef.name)} to ${subject.kind} ${quote(who)}`;
}
