/** Taints and tolerations (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/). */
import type { Taint, Toleration } from "#kinds/core/v1/affinity.ts";

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const value = toleration.value ?? "";
  switch (toleration.operator || "Equal") {
    case "Equal":
      return !!toleration.key && value === (taint.value ?? "");
    case "Exists":
      return true;
    case "Gt":
    case "Lt": {
      const [limit, actual] = [wholeNumber(value), wholeNumber(taint.value ?? "")];
      if (limit === undefined || actual === undefined) return false;
      return toleration.operator === "Gt" ? actual > limit : actual < limit;
    }
    default:
      return false;
  }
}
function wholeNumber(text: string): bigint | undefined {
  return /^-?(0|[1-9]\d*)$/.test(text) ? BigInt(text) : undefined;
}

/** The first taint that no toleration covers, among those that `counts`. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  counts: (taint: Taint) => boolean,
): Taint | undefined {
  return taints?.find(taint => counts(taint) && !tolerations?.some(t => tolerates(t, taint)));
}
/** Taints that keep new pods away. */
export const keepsAway = (taint: Taint): boolean => taint.effect === "NoSchedule" || taint.effect === "NoExecute";
