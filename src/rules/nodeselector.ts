/** Does a node match what a pod asks of nodes: nodeSelector and node affinity, terms joined by "or", requirements by "and". */
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "#kinds/core/v1/selectors.ts";

export function requirementHolds(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt": {
      const limit = values[0] ?? "";
      if (value === undefined || !/^-?\d+$/.test(value) || !/^-?\d+$/.test(limit)) return false;
      return requirement.operator === "Gt" ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
    }
    default:
      return false;
  }
}

/** A term without requirements matches nothing. */
export function termMatches(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    expressions.every(r => requirementHolds(r, labels[r.key])) &&
    fields.every(r => r.key === "metadata.name" && requirementHolds(r, node.metadata.name))
  );
}
export function selectorMatches(selector: NodeSelector, node: Node): boolean {
  return selector.nodeSelectorTerms.some(term => termMatches(term, node));
}

/** Whether the node is one that the pod requires. */
export function podMatchesNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || selectorMatches(required, node);
}
