/** The string form of a label selector, as /scale and `kubectl get -o wide` show it. */
import type { LabelSelector } from "#kinds/meta/v1/labelselector.ts";

/**
 * Upstream's order (apimachinery's labels.Requirements): by key, with the values of each expression sorted. "" selects everything.
 * An operator that does not exist gives undefined.
 */
export function selectorString(selector: LabelSelector): string | undefined {
  const parts: { key: string; text: string }[] = Object.entries(selector.matchLabels ?? {}).map(([key, v]) => ({
    key,
    text: `${key}=${v}`,
  }));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const text = expression(key, operator, values ?? []);
    if (text === undefined) return undefined;
    parts.push({ key, text });
  }
  return parts
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(p => p.text)
    .join(",");
}
function expression(key: string, operator: string, values: readonly string[]): string | undefined {
  const set = `(${[...values].sort().join(",")})`;
  switch (operator) {
    case "In":
      return `${key} in ${set}`;
    case "NotIn":
      return `${key} notin ${set}`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return undefined;
  }
}
