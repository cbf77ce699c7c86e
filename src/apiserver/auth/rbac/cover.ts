/** Whether one set of rules gives all that another gives (component-helpers' rbac validation), and how the rest is worded. */
import { urlMatches } from "#apiserver/auth/rbac/rules.ts";
import type { PolicyRule } from "#kinds/rbac/v1/rules.ts";

/** The parts of `wanted` that no single rule of `held` covers; each part has one verb, and one resource or URL. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(parts).filter(part => !held.some(rule => coversPart(rule, part)));
}

function* products(rule: PolicyRule): Generator<PolicyRule> {
  for (const group of rule.apiGroups ?? [])
    for (const resource of rule.resources ?? [])
      for (const verb of rule.verbs) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (!rule.resourceNames?.length) yield part;
        else for (const name of rule.resourceNames) yield { ...part, resourceNames: [name] };
      }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs) yield { verbs: [verb], nonResourceURLs: [url] };
}
const parts = (rule: PolicyRule) => [...products(rule)];

const has = (list: readonly string[] | undefined, value: string | undefined) =>
  list !== undefined && (list.includes("*") || (value !== undefined && list.includes(value)));

function coversPart(rule: PolicyRule, part: PolicyRule): boolean {
  if (!has(rule.verbs, part.verbs[0])) return false;
  const url = part.nonResourceURLs?.[0];
  if (url !== undefined) return rule.nonResourceURLs?.some(u => urlMatches(u, url)) ?? false;
  const [resource = "", subresource] = part.resources?.[0]?.split("/") ?? [];
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const name = part.resourceNames?.[0];
  return (
    has(rule.apiGroups, part.apiGroups?.[0]) &&
    (has(rule.resources, whole) || (subresource !== undefined && (rule.resources?.includes(`*/${subresource}`) ?? false))) &&
    (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name)))
  );
}

/** Parts of the same resource as one rule with several verbs, each in one line, sorted. */
export function worded(missing: readonly PolicyRule[]): string[] {
  const together = new Map<string, PolicyRule>();
  for (const part of missing) {
    const key = JSON.stringify([part.apiGroups, part.resources, part.resourceNames, part.nonResourceURLs]);
    const first = together.get(key);
    // URLs are not drawn together
    if (first && !part.nonResourceURLs) first.verbs.push(...part.verbs);
    else together.set(part.nonResourceURLs ? key + part.verbs[0] : key, { ...part, verbs: [...part.verbs] });
  }
  return [...new Set([...together.values()].map(compact))].sort();
}
function compact(rule: PolicyRule): string {
  const list = (values: readonly string[]) => `[${values.map(v => JSON.stringify(v)).join(" ")}]`;
  const fields: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ];
  return `{${fields.flatMap(([name, values]) => (values?.length ? [`${name}:${list(values)}`] : [])).join(", ")}}`;
}
