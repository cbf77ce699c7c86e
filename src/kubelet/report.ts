/** Writes a pod's status to the API: only what changed, one patch at a time, the newest when several piled up. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { PodCondition, PodStatus } from "#kinds/core/v1/podstatus.ts";

/** Conditions that this kubelet answers for; the others in a status belong to others. */
const OWN = new Set(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]);
/** Fields that a status may lose again. */
const CLEARED = [
  "reason",
  "message",
  "podIP",
  "podIPs",
  "initContainerStatuses",
  "ephemeralContainerStatuses",
  "conditions",
  "containerStatuses",
] as const;
const RETRY = { first: 200, most: 10_000 };

export class StatusWriter {
  readonly #parts: { readonly client: Client; readonly clock: Clock; readonly log: Log };
  #pod: Pod;
  #wanted: PodStatus | undefined;
  #written = "";
  /** The revision of the last write. */
  #revision = 0;
  #writing = false;
  /** Resolves when the last writing has ended. */
  #ended: Promise<void> = Promise.resolve();
  #failures = 0;
  #gone = false;

  constructor(parts: { readonly client: Client; readonly clock: Clock; readonly log: Log }, pod: Pod) {
    this.#parts = parts;
    this.#pod = pod;
  }
  seen(pod: Pod): void {
    this.#pod = pod;
  }
  /** The pod with the status that this kubelet last decided on, and the conditions that others wrote. */
  withOwnStatus(pod: Pod): Pod {
    if (!this.#wanted) return pod;
    const wanted = this.#wanted.conditions ?? [];
    const foreign = (pod.status?.conditions ?? []).filter(c => !OWN.has(c.type) && !wanted.some(w => w.type === c.type));
    return { ...pod, status: { ...pod.status, ...this.#wanted, conditions: [...wanted, ...foreign] } };
  }
  show(status: PodStatus): void {
    const text = JSON.stringify(status);
    if (this.#wanted === undefined && covers(this.#pod.status, status)) this.#written = text;
    this.#wanted = status;
    if (text !== this.#written && !this.#writing && !this.#gone) this.#ended = this.#write();
  }
  /**
   * What another has written over this kubelet's own conditions since its last write is written again: a node that was not ready
   * for a while has had its pods marked so.
   */
  insist(): void {
    if (!this.#wanted || this.#writing || this.#written !== JSON.stringify(this.#wanted)) return;
    if (Number(this.#pod.metadata.resourceVersion ?? 0) <= this.#revision) return;
    if (!same(ownConditions(this.#pod.status), ownConditions(this.#wanted))) this.#written = "";
  }
  /** Resolves when the last status is written, or the pod is gone. */
  async flushed(): Promise<void> {
    while (this.#writing) await this.#ended;
  }

  async #write(): Promise<void> {
    const { client, clock, log } = this.#parts;
    this.#writing = true;
    try {
      while (!this.#gone && this.#wanted) {
        const text = JSON.stringify(this.#wanted);
        if (text === this.#written) return;
        const { name = "", namespace = "", uid } = this.#pod.metadata;
        try {
          const pod = await client.patch(
            Pod,
            name,
            "strategic",
            { metadata: { uid }, status: this.#patch(this.#wanted) },
            { namespace, subresource: "status" },
          );
          this.#written = text;
          this.#revision = Number(pod.metadata.resourceVersion ?? 0);
          this.#failures = 0;
        } catch (error) {
          const reason = reasonOf(error);
          if (reason === "NotFound" || reason === "Conflict" || (reason === "Invalid" && this.#failures > 3)) {
            // not found, or another pod of this name
            if (reason !== "Invalid") this.#gone = true;
            else log.error("the API refuses a pod's status", { pod: `${namespace}/${name}`, error: String(error) });
            return;
          }
          const wait = Math.min(RETRY.most, RETRY.first * 2 ** this.#failures++);
          log.warn("a pod's status was not written; it is tried again", { pod: `${namespace}/${name}`, error: String(error) });
          await clock.sleep(wait);
        }
      }
    } finally {
      // in the same breath as the last look at what is wanted: what is shown now begins another
      this.#writing = false;
    }
  }
  #patch(status: PodStatus): Record<string, unknown> {
    const old = this.#pod.status;
    const out: Record<string, unknown> = { ...status };
    for (const field of CLEARED) if (status[field] === undefined && old?.[field] !== undefined && field !== "conditions") out[field] = null;
    if (status.conditions) out.conditions = status.conditions.map(withNulls);
    // lists merge by address: a new one replaces the old whole
    for (const field of ["podIPs", "hostIPs"] as const) {
      const now = status[field];
      const before = old?.[field] ?? [];
      if (now && before.length > 0 && JSON.stringify(now) !== JSON.stringify(before)) out[field] = [{ $patch: "replace" }, ...now];
    }
    return out;
  }
}

/** Conditions merge by type, field by field: a reason that no longer holds goes only when the patch says null. */
export function withNulls(condition: PodCondition): Record<string, unknown> {
  return { ...condition, reason: condition.reason || null, message: condition.message || null };
}

/** Whether the API already shows all of this: after a restart nothing need be written. */
function covers(old: PodStatus | undefined, status: PodStatus): boolean {
  if (!old) return false;
  return same({ ...old, conditions: ownConditions(old) }, { ...status, conditions: ownConditions(status) });
}
function ownConditions(status: PodStatus | undefined): PodCondition[] {
  return (status?.conditions ?? []).filter(c => OWN.has(c.type));
}
function same(a: unknown, b: unknown): boolean {
  const none = (v: unknown) => v === undefined || v === null || v === "" || (typeof v === "object" && Object.values(v).every(none));
  if (none(a) && none(b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].every(key => same(x[key], y[key]));
}
