/** What `kubectl get pods` says of a pod: READY, STATUS and RESTARTS (upstream's printPod). */
import { ageOf } from "#base/time.ts";
import type { PodShape } from "#kinds/core/v1/podshape.ts";
import type { PodSpec } from "#kinds/core/v1/podspec.ts";
import type { ContainerStateTerminated, ContainerStatus } from "#kinds/core/v1/podstatus.ts";

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** When a container last ended before it was started again. */
  readonly lastRestart: string | undefined;
}

/** Containers' restarts and when the last one was. */
interface Restarts {
  count: number;
  last: string | undefined;
}
function countRestarts(into: Restarts, status: ContainerStatus): void {
  into.count += status.restartCount;
  const finished = status.lastState.terminated?.finishedAt;
  if (finished && (!into.last || Date.parse(into.last) < Date.parse(finished))) into.last = finished;
}
function ending(terminated: ContainerStateTerminated): string {
  return terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`);
}
const isTrue = (pod: PodShape, type: string) => (pod.status.conditions ?? []).some(c => c.type === type && c.status === "True");

export function summarize(pod: PodShape): PodSummary {
  const { spec, status } = pod;
  const sidecars = new Set((spec.initContainers ?? []).filter(c => c.restartPolicy === "Always").map(c => c.name));
  const init = summarizeInit(status.initContainerStatuses ?? [], spec, sidecars);
  let ready = init.ready;
  let restarts = init.all;
  let reason = status.reason || (status.phase ?? "");
  if ((status.conditions ?? []).some(c => c.type === "PodScheduled" && c.reason === "SchedulingGated")) reason = "SchedulingGated";
  if (init.reason) reason = init.reason;

  if (!init.reason || isTrue(pod, "Initialized")) {
    restarts = init.ofSidecars;
    let running = false;
    for (const c of (status.containerStatuses ?? []).toReversed()) {
      countRestarts(restarts, c);
      if (c.state.waiting?.reason) reason = c.state.waiting.reason;
      else if (c.state.terminated) reason = ending(c.state.terminated);
      else if (c.ready && c.state.running) {
        running = true;
        ready++;
      }
    }
    if (reason === "Completed" && running) reason = isTrue(pod, "Ready") ? "Running" : "NotReady";
  }
  const over = status.phase === "Succeeded" || status.phase === "Failed";
  if (pod.metadata.deletionTimestamp && status.reason === "NodeLost") reason = "Unknown";
  else if (pod.metadata.deletionTimestamp && !over) reason = "Terminating";
  return { ready, total: spec.containers.length + sidecars.size, status: reason, restarts: restarts.count, lastRestart: restarts.last };
}

function summarizeInit(statuses: readonly ContainerStatus[], spec: PodSpec, sidecars: ReadonlySet<string>) {
  const all: Restarts = { count: 0, last: undefined };
  const ofSidecars: Restarts = { count: 0, last: undefined };
  let ready = 0;
  for (const [i, c] of statuses.entries()) {
    countRestarts(all, c);
    if (sidecars.has(c.name)) countRestarts(ofSidecars, c);
    const { terminated, waiting } = c.state;
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(c.name) && c.started) {
      if (c.ready) ready++;
      continue;
    }
    let reason = `${i}/${spec.initContainers?.length ?? 0}`;
    if (terminated) reason = ending(terminated);
    else if (waiting?.reason && waiting.reason !== "PodInitializing") reason = waiting.reason;
    return { all, ofSidecars, ready, reason: `Init:${reason}` };
  }
  return { all, ofSidecars, ready, reason: undefined };
}

/** "3 (2m ago)", or the number alone when no container's last end is known. */
export function restartsText({ restarts, lastRestart }: PodSummary, now: number): string {
  return restarts && lastRestart ? `${restarts} (${ageOf(lastRestart, now)} ago)` : String(restarts);
}
/** "1/2": gates whose condition is true, of all. */
export function gatesText(pod: PodShape): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const open = gates.filter(g => (pod.status.conditions ?? []).find(c => c.type === g.conditionType)?.status === "True");
  return `${open.length}/${gates.length}`;
}
