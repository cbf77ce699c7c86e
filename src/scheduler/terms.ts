/** What a pod says of other pods: the terms of its pod affinity and anti-affinity, read once. */
import { nothing, type Selector } from "#base/selector.ts";
import type { PodAffinityTerm } from "#kinds/core/v1/affinity.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { selectorFor } from "#rules/selectors.ts";

export type Role = "near" | "away" | "rather near" | "rather away";
export interface Term {
  readonly role: Role;
  /** 1 to 100 of a wish; of a demand for nearness upstream's hardPodAffinityWeight, by which it draws others near. */
  readonly weight: number;
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: Selector;
  readonly selector: Selector;
  /** The same for terms that are about the same pods. */
  readonly whom: string;
  /** The same for terms that say the same. */
  readonly key: string;
}
/** A namespace's labels by its name. */
export type NamespaceLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

const HARD_POD_AFFINITY_WEIGHT = 1;
const NONE: readonly Term[] = [];

export function termsOf({ metadata, spec }: Pod): readonly Term[] {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return NONE;
  const own = metadata.namespace ?? "";
  const terms: Term[] = [];
  for (const [affinity, hard, soft] of [
    [podAffinity, "near", "rather near"],
    [podAntiAffinity, "away", "rather away"],
  ] as const) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      terms.push(termOf(term, hard, HARD_POD_AFFINITY_WEIGHT, own));
    for (const { weight, podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      terms.push(termOf(podAffinityTerm, soft, weight, own));
  }
  return terms;
}
/** matchLabelKeys and mismatchLabelKeys are in the selector already: the apiserver writes them there when the pod is created. */
function termOf(term: PodAffinityTerm, role: Role, weight: number, own: string): Term {
  const { topologyKey } = term;
  const stated = term.namespaces ?? [];
  const namespaces = new Set(stated.length === 0 && !term.namespaceSelector ? [own] : stated);
  const namespaceSelector = term.namespaceSelector ? selectorFor(term.namespaceSelector) : nothing;
  const whom = JSON.stringify([[...namespaces].sort(), term.namespaceSelector, term.labelSelector]);
  const key = `${role} ${weight} ${topologyKey} ${whom}`;
  return { role, weight, topologyKey, namespaces, namespaceSelector, selector: selectorFor(term.labelSelector), whom, key };
}

/** Whether a pod of this namespace and with these labels is one that the term is about. */
export function concerns(
  term: Term,
  pod: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  namespaces: NamespaceLabels,
): boolean {
  if (!term.namespaces.has(pod.namespace) && !term.namespaceSelector.matches(namespaces.get(pod.namespace))) return false;
  return term.selector.matches(pod.labels);
}
