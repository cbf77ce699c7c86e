/** The condition DisruptionTarget, which says that a pod is ended by the cluster, not by its own fault (KEP-3329). */
import { formatTime } from "#base/time.ts";

/** A strategic merge patch of a pod's status that sets DisruptionTarget, and `more` of the status. `now` in milliseconds. */
export function disruption(uid: string | undefined, reason: string, message: string, now: number, more: object = {}): unknown {
  const condition = { type: "DisruptionTarget", status: "True", reason, message, lastTransitionTime: formatTime(now) };
  return { metadata: { uid }, status: { ...more, conditions: [condition] } };
}
