/** Conditions of a status, whatever the kind. */
export interface ConditionLike {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export function conditionOf<C extends ConditionLike>(conditions: readonly C[] | undefined | null, type: string): C | undefined {
  return conditions?.find(c => c.type === type);
}
export function without<C extends ConditionLike>(conditions: readonly C[] | undefined | null, type: string): C[] {
  return (conditions ?? []).filter(c => c.type !== type);
}
/**
 * The list with this condition in it: unchanged where status and reason are the same already; the time of transition is kept
 * unless the status changes. A changed condition moves to the end, as upstream's workload controllers have it.
 */
export function withCondition<C extends ConditionLike>(conditions: readonly C[] | undefined | null, condition: C): C[] {
  const current = conditionOf(conditions, condition.type);
  if (current && current.status === condition.status && current.reason === condition.reason) return [...(conditions ?? [])];
  const kept = current?.status === condition.status ? { ...condition, lastTransitionTime: current.lastTransitionTime } : condition;
  return [...without(conditions, condition.type), kept as C];
}
