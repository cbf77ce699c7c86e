/** A pod's status from what is observed: phase, conditions and container statuses with upstream's words (pkg/kubelet/status, kubelet_pods.go). */
import { formatTime } from "#base/time.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerStateTerminated, ContainerStatus, PodCondition, PodStatus } from "#kinds/core/v1/podstatus.ts";
import { podText } from "#kubelet/names.ts";
import {
  attemptsOf,
  currentSandbox,
  isReady,
  isStarted,
  type Observed,
  type Role,
  sandboxServes,
  statusIn,
  wantedOf,
} from "#kubelet/observed.ts";
import { isSidecar, qosOf } from "#kubelet/resources.ts";
import { restartDelay, restarts } from "#kubelet/restart.ts";
import type { ContainerState } from "#kubelet/runtime.ts";

/** After a failed pull the status says ErrImagePull this long, then ImagePullBackOff. */
export const PULL_ERROR_SHOWN = 1000;

export function isTerminal(phase: string | undefined): boolean {
  return phase === "Failed" || phase === "Succeeded";
}

/** Go's text of whole seconds: `10s`, `2m40s`, `5m0s`. */
export function backOffText(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 60 ? `${s}s` : `${Math.floor(s / 60)}m${s % 60}s`;
}
export function crashLoopMessage(pod: Pod, container: Container, wait: number): string {
  return `back-off ${backOffText(wait)} restarting failed container=${container.name} pod=${podText(pod)}`;
}

function terminated(observed: Observed, state: ContainerState): ContainerStateTerminated {
  const message = observed.messages.get(state.id) || state.message;
  return {
    exitCode: state.exitCode,
    reason: state.reason || (state.exitCode === 0 ? "Completed" : "Error"),
    ...(message && { message }),
    startedAt: state.startedAt ? formatTime(state.startedAt) : (null as unknown as string),
    finishedAt: state.finishedAt ? formatTime(state.finishedAt) : (null as unknown as string),
    containerID: `${observed.runtimeName}://${state.id}`,
  };
}

function containerStatus(observed: Observed, role: Role, container: Container, ending: boolean): ContainerStatus {
  const { pod, now } = observed;
  const attempts = attemptsOf(observed, container.name);
  const starting = observed.acts.get(`start:${container.name}`);
  const hidden = starting && attempts[0] && attempts[0].attempt === starting.attempt && attempts[0].state !== "exited";
  const shown = attempts[0];
  const past = attempts.slice(1).find(a => a.state === "exited");
  const failure = observed.failures.get(container.name);
  const before = past ? { terminated: terminated(observed, past) } : {};
  const waitingReason = pod.spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
  const waiting = (reason: string, message = "") => ({ waiting: { reason, ...(message && { message }) } });
  const failed = () => {
    if (!failure) return undefined;
    if (failure.reason === "ErrImagePull" && now >= failure.at + PULL_ERROR_SHOWN)
      return waiting("ImagePullBackOff", `Back-off pulling image "${container.image}": ErrImagePull: ${failure.message}`);
    return waiting(failure.reason, failure.message);
  };

  let state: ContainerStatus["state"];
  let lastState: ContainerStatus["lastState"] = before;
  if (!shown || hidden || shown.state === "created") state = (starting ? undefined : failed()) ?? waiting(waitingReason);
  else if (shown.state === "running") state = { running: { startedAt: formatTime(shown.startedAt) } };
  else if (shown.state === "unknown") state = waiting("ContainerStatusUnknown");
  else {
    state = { terminated: terminated(observed, shown) };
    const again = !ending && role !== "ephemeral" && shouldRun(observed, role, container, shown);
    const { wait } = restartDelay(shown);
    const overlay = !again
      ? undefined
      : wait > 0 && shown.finishedAt + wait > now && failure?.reason !== "RunContainerError"
        ? waiting("CrashLoopBackOff", crashLoopMessage(pod, container, wait))
        : failed();
    if (overlay) {
      lastState = state;
      state = overlay;
    }
  }
  const running = shown?.state === "running" && !hidden ? shown : undefined;
  const ready =
    role === "main" || (role === "init" && isSidecar(container))
      ? isReady(observed, container, running)
      : role === "init"
        ? state.terminated?.exitCode === 0
        : false;
  const { requests, limits } = container.resources ?? {};
  const told = statusIn(pod, container.name);
  return {
    name: container.name,
    state,
    lastState,
    ready,
    restartCount: hidden ? shown!.attempt : (shown?.attempt ?? told?.restartCount ?? 0),
    image: shown?.image || container.image || "",
    imageID: shown?.imageId ?? "",
    ...(shown && { containerID: `${observed.runtimeName}://${shown.id}` }),
    started: isStarted(observed, container, running),
    ...(requests && { allocatedResources: requests }),
    ...((requests || limits) && { resources: { ...(limits && { limits }), ...(requests && { requests }) } }),
    ...(container.volumeMounts?.length && {
      volumeMounts: container.volumeMounts.map(m => ({
        name: m.name,
        mountPath: m.mountPath,
        ...(m.readOnly && { readOnly: true, recursiveReadOnly: m.recursiveReadOnly ?? "Disabled" }),
      })),
    }),
  };
}

/** Whether an ended container is one that should run: init containers until they succeed, others by their restart policy. */
export function shouldRun(observed: Pick<Observed, "pod">, role: Role, container: Container, state: ContainerState): boolean {
  if (role === "ephemeral") return false;
  if (role === "init" && !isSidecar(container)) return state.exitCode !== 0 && initRestarts(observed.pod, container, state.exitCode);
  return restarts(observed.pod, container, state.exitCode);
}
/** A failed init container is tried again unless the pod never restarts anything. */
export function initRestarts(pod: Pod, container: Container, exitCode: number): boolean {
  if (container.restartPolicy || container.restartPolicyRules?.length) return restarts(pod, container, exitCode);
  return pod.spec.restartPolicy !== "Never";
}

interface Statuses {
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
}
const ended = (s: ContainerStatus) => s.state.terminated ?? (s.state.waiting ? s.lastState.terminated : undefined);
const hasStarted = (s: ContainerStatus) => !!s.state.running || !!s.state.terminated || !!s.lastState.terminated;

/** The phase by the container statuses; `over`: nothing will be started any more. */
export function phaseOf(pod: Pod, { init, main }: Statuses, over: boolean): string {
  let pendingInit = 0;
  let pendingSidecars = 0;
  let failedInit = 0;
  for (const [i, c] of (pod.spec.initContainers ?? []).entries()) {
    const s = init[i]!;
    const end = ended(s);
    if (isSidecar(c)) {
      if (s.state.running ? !s.started : !end) pendingSidecars++;
    } else if (s.state.terminated || end) {
      if (end!.exitCode !== 0) failedInit++;
    } else pendingInit++;
  }
  if (failedInit > 0 && pod.spec.initContainers!.some((c, i) => failedForGood(pod, c, init[i]!))) return "Failed";
  let running = 0;
  let waiting = 0;
  let stopped = 0;
  let succeeded = 0;
  for (const s of main) {
    if (s.state.running) running++;
    else if (ended(s)) {
      stopped++;
      if (ended(s)!.exitCode === 0 && s.state.terminated) succeeded++;
    } else waiting++;
  }
  const initialised = main.some(hasStarted);
  if (pendingInit > 0 || (pendingSidecars > 0 && !initialised) || waiting > 0) return over ? "Failed" : "Pending";
  if (running > 0) return "Running";
  if (stopped === 0) return "Pending";
  if (over) return stopped === succeeded ? "Succeeded" : "Failed";
  const again = pod.spec.containers.some((c, i) => main[i]!.state.waiting || restarts(pod, c, ended(main[i]!)!.exitCode));
  if (again) return "Running";
  return stopped === succeeded ? "Succeeded" : "Failed";
}
function failedForGood(pod: Pod, container: Container, s: ContainerStatus): boolean {
  const end = s.state.terminated;
  return !isSidecar(container) && !!end && end.exitCode !== 0 && !initRestarts(pod, container, end.exitCode);
}

interface Verdict {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}
const names = (list: readonly string[]) => `[${list.join(" ")}]`;

function containersReady(pod: Pod, { init, main }: Statuses, phase: string): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const all = [...(pod.spec.initContainers ?? []).flatMap((c, i) => (isSidecar(c) ? [init[i]!] : [])), ...main];
  const unready = all.filter(s => !s.ready).map(s => s.name);
  if (unready.length === 0) return { status: "True" };
  return { status: "False", reason: "ContainersNotReady", message: `containers with unready status: ${names(unready)}` };
}
function podReady(pod: Pod, containers: Verdict): Verdict {
  if (containers.status !== "True") return containers;
  const lacking = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const c = pod.status?.conditions?.find(x => x.type === conditionType);
    if (!c) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return c.status === "True" ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${c.status}`];
  });
  return lacking.length === 0 ? { status: "True" } : { status: "False", reason: "ReadinessGatesNotReady", message: lacking.join(", ") };
}
function initialized(pod: Pod, { init, main }: Statuses, phase: string): Verdict {
  const incomplete = (pod.spec.initContainers ?? [])
    .filter((c, i) => (isSidecar(c) ? !init[i]!.started : !init[i]!.ready))
    .map(c => c.name);
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (incomplete.length === 0 || main.some(hasStarted)) return { status: "True" };
  return { status: "False", reason: "ContainersNotInitialized", message: `containers with incomplete status: ${names(incomplete)}` };
}

/** The condition in the pod's old status, with its time kept unless the status changes. */
function condition(pod: Pod, now: number, type: string, verdict: Verdict): PodCondition {
  const old = pod.status?.conditions?.find(c => c.type === type);
  return {
    type,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    status: verdict.status,
    lastProbeTime: null as unknown as string,
    lastTransitionTime: old && old.status === verdict.status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(now),
    ...(verdict.reason && { reason: verdict.reason }),
    ...(verdict.message && { message: verdict.message }),
  };
}

export interface Ending {
  /** Status reason and message that the ending gives (DeadlineExceeded, Evicted …), or none. */
  readonly reason?: string;
  readonly message?: string;
  /** The phase that must come of it. */
  readonly phase?: "Failed";
  /** The node ran short. */
  readonly disrupts?: true;
  /** No container runs or will run any more. */
  readonly over: boolean;
}

/** The whole status that the API should show. */
export function statusOf(observed: Observed, ending: Ending | undefined): PodStatus {
  const { pod, now, hostIps } = observed;
  const old = pod.status ?? {};
  const startTime = old.startTime ?? formatTime(now);
  const generation = pod.metadata.generation !== undefined ? { observedGeneration: pod.metadata.generation } : {};
  const host = hostIps.length > 0 ? { hostIP: hostIps[0]!, hostIPs: hostIps.map(ip => ({ ip })) } : {};
  if (observed.rejected) {
    const { reason, message } = observed.rejected;
    return { ...generation, phase: "Failed", reason, message, startTime, qosClass: qosOf(pod), ...host };
  }
  const all = wantedOf(pod);
  const list = (role: Role) =>
    all.filter(w => w.role === role).map(w => containerStatus(observed, role, w.container, ending !== undefined));
  const statuses = { init: list("init"), main: list("main") };
  const ephemeral = list("ephemeral");
  const over = ending?.over ?? false;

  let phase: string = ending?.phase ?? phaseOf(pod, statuses, over);
  const alive = !over && (observed.state?.containers ?? []).some(c => c.state === "running");
  // a phase is not final while something still runs; and a final one stays
  const held = isTerminal(phase) && alive;
  const readyBy = phase;
  if (held) phase = old.phase && !isTerminal(old.phase) ? old.phase : "Running";
  if (isTerminal(old.phase)) phase = old.phase!;
  if (over && phase !== "Succeeded") for (const s of statuses.main) markLost(s);

  const sandbox = currentSandbox(observed.state);
  const serves = sandboxServes(sandbox, pod);
  const ips = pod.spec.hostNetwork ? (sandbox ? hostIps : []) : (sandbox?.ips ?? []);
  const keptIps = ips.length > 0 ? ips : (old.podIPs ?? []).map(p => p.ip);
  const ready = containersReady(pod, statuses, readyBy);
  const scheduled = old.conditions?.find(c => c.type === "PodScheduled");
  const told = isTerminal(phase) ? ending : undefined;
  const reason = told?.reason ?? (isTerminal(old.phase) ? old.reason : undefined);
  const message = told?.message ?? (isTerminal(old.phase) ? old.message : undefined);
  return {
    ...generation,
    phase,
    conditions: [
      condition(pod, now, "PodReadyToStartContainers", { status: serves ? "True" : "False" }),
      condition(pod, now, "Initialized", initialized(pod, statuses, readyBy)),
      condition(pod, now, "Ready", podReady(pod, ready)),
      condition(pod, now, "ContainersReady", ready),
      condition(pod, now, "PodScheduled", {
        status: "True",
        ...(scheduled?.status === "True" && scheduled.reason && { reason: scheduled.reason }),
      }),
      ...(ending?.disrupts
        ? [condition(pod, now, "DisruptionTarget", { status: "True", reason: "TerminationByKubelet", message: ending.message ?? "" })]
        : []),
    ],
    ...(reason && { reason }),
    ...(message && { message }),
    ...host,
    ...(keptIps.length > 0 && { podIP: keptIps[0]!, podIPs: keptIps.map(ip => ({ ip })) }),
    startTime,
    ...(statuses.init.length > 0 && { initContainerStatuses: statuses.init as ContainerStatus[] }),
    containerStatuses: statuses.main,
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
    qosClass: qosOf(pod),
  };
}
/** A container of an ended pod that never got to run counts as ended without a trace, once others had started. */
function markLost(status: ContainerStatus): void {
  if (!status.state.waiting) return;
  const last = status.lastState.terminated;
  status.state = {
    terminated: last ?? {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      message: "The container could not be located when the pod was terminated",
      startedAt: null as unknown as string,
      finishedAt: null as unknown as string,
    },
  };
  if (last) status.lastState = {};
}
