/**
 * When a container starts again. The delay doubles from 10 s to 5 min and is forgotten after a run of 10 min. It is kept as an
 * annotation on the container that it follows, so a new kubelet goes on where the last one stopped.
 */
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { ANNOTATION } from "#kubelet/names.ts";
import type { ContainerState } from "#kubelet/runtime.ts";

export const RESTART = { first: 10_000, most: 300_000, forgetAfter: 600_000 } as const;

/** Milliseconds to wait after `last` has ended, and what its successor is to be annotated with. */
export function restartDelay(last: ContainerState | undefined): { readonly wait: number; readonly next: number } {
  if (!last) return { wait: 0, next: 0 };
  const carried = Number(last.annotations[ANNOTATION.restartDelay] ?? 0);
  const long = last.startedAt > 0 && last.finishedAt - last.startedAt > RESTART.forgetAfter;
  const wait = long || !Number.isFinite(carried) ? 0 : carried;
  return { wait, next: wait === 0 ? RESTART.first : Math.min(RESTART.most, wait * 2) };
}

/** Whether a container that has ended is to run again, by its own policy and rules (KEP-5307), else by the pod's. */
export function restarts(pod: Pod, container: Container, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const { operator, values = [] } = rule.exitCodes ?? {};
    const hit = operator === "In" ? values.includes(exitCode) : operator === "NotIn" ? !values.includes(exitCode) : false;
    if (hit && rule.action === "Restart") return true;
  }
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}
