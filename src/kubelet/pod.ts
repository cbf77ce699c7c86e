/**
 * What to do next for one pod. Pure: from what is observed to steps, each with its reason, and the status to show.
 * worker.ts carries the steps out; what takes long comes back as observed acts, failures and runtime state.
 */
import { parseTime } from "#base/time.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { PodStatus } from "#kinds/core/v1/podstatus.ts";
import { ANNOTATION, containerHash, podText } from "#kubelet/names.ts";
import {
  attemptsOf,
  currentSandbox,
  isStarted,
  type Observed,
  type Role,
  sandboxServes,
  statusIn,
  type Wanted,
  wantedOf,
} from "#kubelet/observed.ts";
import { isSidecar } from "#kubelet/resources.ts";
import { restartDelay, restarts } from "#kubelet/restart.ts";
import type { ContainerState } from "#kubelet/runtime.ts";
import { type Ending, initRestarts, isTerminal, PULL_ERROR_SHOWN, shouldRun, statusOf } from "#kubelet/status.ts";

export type Step =
  | { readonly do: "mount"; readonly because: string }
  | { readonly do: "sandbox"; readonly attempt: number; readonly because: string }
  | { readonly do: "image"; readonly wanted: Wanted; readonly attempt: number; readonly because: string }
  | { readonly do: "start"; readonly wanted: Wanted; readonly attempt: number; readonly restartDelay: number; readonly because: string }
  | { readonly do: "preStop"; readonly id: string; readonly container: Container; readonly seconds: number; readonly because: string }
  | {
      readonly do: "stop";
      readonly id: string;
      readonly name: string;
      readonly role: Role;
      readonly seconds: number;
      readonly deadline: number;
      readonly message: string;
      readonly because: string;
    }
  /** Ends what is under way (a pull, a hook) because the pod is ending. */
  | { readonly do: "abort"; readonly act: string; readonly because: string }
  | { readonly do: "stopSandbox"; readonly id: string; readonly because: string }
  | { readonly do: "remove"; readonly id: string; readonly because: string }
  /** Gives back volumes, control group and the like. */
  | { readonly do: "release"; readonly because: string }
  /** The pod goes from the API, once its last status is written. */
  | { readonly do: "delete"; readonly because: string }
  /** An event, told once for each key. */
  | {
      readonly do: "tell";
      readonly key: string;
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
      readonly about?: Wanted;
    };

export interface Decision {
  readonly steps: readonly Step[];
  readonly status: PodStatus;
  /** When to decide anew at the latest; milliseconds, wall clock. */
  readonly wakeAt: number | undefined;
  /** The pod is ending, or has ended. */
  readonly ending: Ending | undefined;
}

/** A container is given at least this long to end after its signal. */
const LEAST_GRACE = 2;
const DEFAULT_GRACE = 30;

interface Making {
  readonly observed: Observed;
  readonly steps: Step[];
  readonly wakes: number[];
}

export function decide(observed: Observed): Decision {
  const making: Making = { observed, steps: [], wakes: [] };
  const why = endingOf(making);
  let ending: Ending | undefined;
  if (why) ending = end(making, why);
  else run(making);
  const status = statusOf(observed, ending);
  const wakeAt = making.wakes.length > 0 ? Math.min(...making.wakes) : undefined;
  return { steps: making.steps, status, wakeAt, ending };
}

interface Why {
  readonly because: string;
  readonly reason?: string;
  readonly message?: string;
  readonly phase?: "Failed";
  /** Seconds; the pod's own where it is not said. */
  readonly grace?: number;
  readonly disrupts?: true;
}

/** Why the pod is to end, if it is. */
function endingOf({ observed, wakes }: Making): Why | undefined {
  const { pod, now } = observed;
  if (observed.gone) return { because: "the pod was removed from the API" };
  if (observed.rejected) return { because: observed.rejected.message, ...observed.rejected, phase: "Failed" };
  if (pod.status?.phase && isTerminal(pod.status.phase)) return { because: `its phase is ${pod.status.phase}`, ...deletionReason(pod) };
  if (observed.evicted) return { because: observed.evicted.message, ...observed.evicted, phase: "Failed" };
  if (pod.metadata.deletionTimestamp) return { because: "it is being deleted" };
  const limit = pod.spec.activeDeadlineSeconds;
  const started = pod.status?.startTime ? parseTime(pod.status.startTime) : undefined;
  if (limit !== undefined && started !== undefined) {
    if (now >= started + limit * 1000)
      return {
        because: `it was active for longer than ${limit} s`,
        reason: "DeadlineExceeded",
        message: "Pod was active on the node longer than the specified deadline",
        phase: "Failed",
      };
    wakes.push(started + limit * 1000);
  }
  const sandbox = currentSandbox(observed.state);
  for (const { role, container } of wantedOf(pod)) {
    if (role !== "init" || isSidecar(container)) continue;
    const last = attemptsOf(observed, container.name)[0];
    if (
      last?.state === "exited" &&
      last.exitCode !== 0 &&
      !mainsCreated(observed, sandbox?.id) &&
      !initRestarts(pod, container, last.exitCode)
    )
      return { because: `the init container ${container.name} failed with exit code ${last.exitCode}` };
  }
  const mains = pod.spec.containers.map(c => ({ c, last: attemptsOf(observed, c.name)[0] }));
  const done = mains.every(({ c, last }) => last?.state === "exited" && !restarts(pod, c, last.exitCode));
  if (done && !pod.spec.containers.some(c => observed.acts.has(`start:${c.name}`))) return { because: "all its containers have ended" };
  return undefined;
}
/** What an ended pod's status already says stays. */
function deletionReason(pod: Pod): { reason?: string; message?: string } {
  const { reason, message } = pod.status ?? {};
  return { ...(reason && { reason }), ...(message && { message }) };
}
function mainsCreated(observed: Observed, sandboxId: string | undefined): boolean {
  const names = new Set(observed.pod.spec.containers.map(c => c.name));
  return (observed.state?.containers ?? []).some(c => names.has(c.name) && (!sandboxId || c.sandboxId === sandboxId));
}

function graceOf(pod: Pod, gone: boolean): number {
  if (gone) return 1;
  return pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE;
}

/** Stops everything in order: hooks and main containers at once, sidecars after them from the last to the first, then the sandbox. */
function end(making: Making, why: Why): Ending {
  const { observed, steps } = making;
  const { pod, now, acts } = observed;
  const { because } = why;
  const result = (over: boolean): Ending => ({ ...why, over });
  for (const act of acts.keys()) if (act.startsWith("image:") || act.startsWith("start:")) steps.push({ do: "abort", act, because });

  const grace = Math.min(graceOf(pod, observed.gone), why.grace ?? Number.POSITIVE_INFINITY);
  const deadline = (observed.endingSince ?? now) + grace * 1000;
  const running = (observed.state?.containers ?? []).filter(c => c.state === "running" || c.state === "unknown");
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map(c => c.name);
  const isLast = (c: ContainerState) => sidecars.includes(c.name);
  const first = running.filter(c => !isLast(c));
  const starting = [...acts.keys()].some(a => a.startsWith("start:"));
  // the sidecar whose turn it is: the last that still runs, when all others have ended
  const turn = first.length > 0 || starting ? undefined : sidecars.findLast(name => running.some(c => c.name === name));
  for (const c of running) {
    const { role, container } = wantedOf(pod).find(w => w.container.name === c.name) ?? { role: "main" as const, container: undefined };
    stop(making, {
      state: c,
      role,
      container,
      message: `Stopping container ${c.name}`,
      because,
      deadline,
      inTurn: !isLast(c) || c.name === turn || now >= deadline,
    });
  }
  if (running.some(isLast)) making.wakes.push(deadline);
  if (running.length > 0 || starting) return result(false);

  const busy = acts.has("sandbox") || [...acts.keys()].some(a => a.startsWith("stopSandbox:"));
  const serving = observed.state?.sandboxes.filter(s => s.ready) ?? [];
  if (!busy) for (const s of serving) steps.push({ do: "stopSandbox", id: s.id, because });
  if (busy || serving.length > 0) return result(false);
  if (!observed.released && !acts.has("release") && !acts.has("volumes")) steps.push({ do: "release", because });
  if (observed.gone || pod.metadata.deletionTimestamp) {
    if (!acts.has("delete")) steps.push({ do: "delete", because: observed.gone ? because : "nothing of it runs any more" });
  }
  return result(true);
}

interface Stopping {
  readonly state: ContainerState;
  readonly role: Role;
  readonly container: Container | undefined;
  readonly message: string;
  readonly because: string;
  readonly deadline: number;
  readonly inTurn: boolean;
}
/** The preStop hook, then the signal; both before one deadline. */
function stop({ observed, steps, wakes }: Making, { state, role, container, message, because, deadline, inTurn }: Stopping): void {
  const { now, acts } = observed;
  const left = Math.ceil((deadline - now) / 1000);
  const under = acts.get(`stop:${state.id}`);
  if (under) {
    // a second deletion may shorten the time
    if (under.deadline !== undefined && deadline < under.deadline - 1000) steps.push(signal());
    return;
  }
  if (container?.lifecycle?.preStop && !observed.preStopped.has(state.id) && left > 0) {
    if (!acts.has(`preStop:${state.id}`)) steps.push({ do: "preStop", id: state.id, container, seconds: left, because });
    wakes.push(deadline);
    return;
  }
  if (!inTurn) return;
  steps.push(signal());

  function signal(): Step {
    const seconds = Math.max(LEAST_GRACE, left);
    return { do: "stop", id: state.id, name: state.name, role, seconds, deadline: now + seconds * 1000, message, because };
  }
}

/** Brings up what is missing. */
function run(making: Making): void {
  const { observed, steps, wakes } = making;
  const { pod, now, acts, state } = observed;
  const sandbox = currentSandbox(state);
  const serves = sandboxServes(sandbox, pod);

  const { volumes } = observed;
  if (volumes.state !== "ready" && !acts.has("volumes")) {
    if (volumes.state === "failed" && volumes.retryAt > now) wakes.push(volumes.retryAt);
    else steps.push({ do: "mount", because: volumes.state === "failed" ? "its volumes are tried again" : "its volumes are not there yet" });
  }
  if (!serves) {
    if (!acts.has("sandbox") && volumes.state !== "failed") needSandbox(making);
  }
  const live = serves && !acts.has("sandbox") ? sandbox : undefined;
  const able = live !== undefined && volumes.state === "ready";

  for (const wanted of wantedOf(pod)) {
    if (wanted.role === "ephemeral" && live && attemptsOf(observed, wanted.container.name).length === 0)
      start(making, wanted, undefined, able);
  }
  if (!initialise(making, live?.id, able)) return;

  let order = true;
  for (const wanted of wantedOf(pod)) {
    if (wanted.role !== "main") continue;
    const { container } = wanted;
    const last = attemptsOf(observed, container.name)[0];
    if (acts.has(`start:${container.name}`)) order = false;
    else if (last && last.state !== "exited" && last.sandboxId === live?.id) keep(making, wanted, last);
    else if (last?.state !== "exited" || shouldRun(observed, "main", container, last)) {
      if (last && last.state !== "exited" && last.sandboxId !== live?.id) continue; // it ends with its old sandbox
      // containers start one after another, as the author wrote them; one that must wait does not hold up the others
      if (start(making, wanted, last, able && order)) order = false;
    }
  }
}

function needSandbox({ observed, steps, wakes }: Making): void {
  const { now, acts, pod, state } = observed;
  const old = currentSandbox(state);
  const failure = observed.failures.get("sandbox");
  if (failure && failure.retryAt > now) {
    wakes.push(failure.retryAt);
    return;
  }
  if (!old) {
    steps.push({ do: "sandbox", attempt: 0, because: "it has no sandbox" });
    return;
  }
  const inOld = state!.containers.filter(c => c.state === "running");
  if (old.ready || inOld.length > 0) {
    if (!acts.has(`stopSandbox:${old.id}`)) {
      const because = "its sandbox does not serve any more";
      const message = "Pod sandbox changed, it will be killed and re-created.";
      steps.push({ do: "tell", key: `sandbox:${old.id}`, type: "Normal", reason: "SandboxChanged", message });
      steps.push({ do: "stopSandbox", id: old.id, because });
    }
    return;
  }
  steps.push({
    do: "tell",
    key: `sandbox:${old.id}`,
    type: "Normal",
    reason: "SandboxChanged",
    message: "Pod sandbox changed, it will be killed and re-created.",
  });
  // a pod that never restarts and has run something is over with its sandbox; endingOf sees that by its containers
  steps.push({ do: "sandbox", attempt: old.attempt + 1, because: `the sandbox of ${podText(pod)} is gone` });
}

/** Init containers in order; true when main containers may start. */
function initialise(making: Making, sandboxId: string | undefined, able: boolean): boolean {
  const { observed } = making;
  const inits = wantedOf(observed.pod).filter(w => w.role === "init");
  const initialised = sandboxId !== undefined && mainsCreated(observed, sandboxId);
  const here = inits.map(w => {
    const last = attemptsOf(observed, w.container.name)[0];
    return {
      wanted: w,
      last,
      current: last && (last.sandboxId === sandboxId || (initialised && last.sandboxId === "")) ? last : undefined,
    };
  });
  for (const [i, { wanted, last, current }] of here.entries()) {
    const { container } = wanted;
    const sidecar = isSidecar(container);
    if (initialised && !sidecar) continue;
    const passed =
      initialised || here.slice(i + 1).some(h => h.current !== undefined || observed.acts.has(`start:${h.wanted.container.name}`));
    if (observed.acts.has(`start:${container.name}`)) {
      if (passed) continue;
      return false;
    }
    if (!current) {
      start(making, wanted, last, able);
      if (!passed) return false;
      continue;
    }
    if (current.state === "exited") {
      if (!sidecar && current.exitCode === 0) continue;
      if (sidecar || initRestarts(observed.pod, container, current.exitCode)) start(making, wanted, current, able);
      if (!passed) return false;
      continue;
    }
    keep(making, wanted, current);
    if (passed || (sidecar && isStarted(observed, container, current))) continue;
    return false;
  }
  return true;
}

/** A container that is there and has not ended: stays, unless its spec changed or a probe gave it up. */
function keep(making: Making, wanted: Wanted, state: ContainerState): void {
  const { observed, steps } = making;
  const { pod, now } = observed;
  const { container, role } = wanted;
  if (state.state === "created") {
    if (!observed.failures.has(container.name))
      steps.push({ do: "remove", id: state.id, because: `the container ${container.name} was never started` });
    else waitFor(making, container);
    return;
  }
  const probes = observed.probes.get(state.id);
  const hash = state.annotations[ANNOTATION.hash];
  const again = (text: string, always: boolean) => (always || pod.spec.restartPolicy !== "Never" ? `${text}, will be restarted` : text);
  let message: string | undefined;
  let grace = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE;
  if (state.state === "unknown") message = "Container is in unknown state, try killing it before restart";
  else if (hash !== undefined && hash !== containerHash(container)) message = again(`Container ${container.name} definition changed`, true);
  else if (probes?.liveness === false) {
    message = again(`Container ${container.name} failed liveness probe`, false);
    grace = container.livenessProbe?.terminationGracePeriodSeconds ?? grace;
  } else if (probes?.startup === false) {
    message = again(`Container ${container.name} failed startup probe`, false);
    grace = container.startupProbe?.terminationGracePeriodSeconds ?? grace;
  }
  if (message === undefined) return;
  const deadline = (observed.stopping.get(state.id) ?? now) + grace * 1000;
  stop(making, { state, role, container, message, because: message, deadline, inTurn: true });
}
function waitFor({ observed, steps, wakes }: Making, container: Container): boolean {
  const failure = observed.failures.get(container.name);
  if (!failure) return false;
  const flips = failure.at + PULL_ERROR_SHOWN;
  if (failure.reason === "ErrImagePull") {
    if (observed.now < flips) wakes.push(flips);
    else {
      const about = wantedOf(observed.pod).find(w => w.container === container);
      const at = { key: `pull:${container.name}:${failure.at}`, type: "Normal", ...(about && { about }) } as const;
      steps.push({ do: "tell", ...at, reason: "BackOff", message: `Back-off pulling image "${container.image}"` });
      steps.push({ do: "tell", ...at, key: `${at.key}:error`, type: "Warning", reason: "Failed", message: "Error: ImagePullBackOff" });
    }
  }
  if (failure.retryAt <= observed.now) return false;
  wakes.push(failure.retryAt);
  return true;
}

/** Makes sure of the image, then starts; true when the container is on its way or could be. */
function start(making: Making, wanted: Wanted, last: ContainerState | undefined, able: boolean): boolean {
  const { observed, steps, wakes } = making;
  const { now, acts, pod } = observed;
  const { container } = wanted;
  const attempt = last ? last.attempt + 1 : (statusIn(pod, container.name)?.restartCount ?? 0);
  const { wait, next } = restartDelay(last?.state === "exited" ? last : undefined);
  if (last && wait > 0 && last.finishedAt + wait > now) {
    wakes.push(last.finishedAt + wait);
    const message = `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`;
    steps.push({ do: "tell", key: `crash:${last.id}`, type: "Warning", reason: "BackOff", message, about: wanted });
    return false;
  }
  if (waitFor(making, container)) return false;
  const because = last ? `it ended with exit code ${last.exitCode} and is to run again` : "it has not run yet";
  if (!observed.images.has(`${container.name}#${attempt}`)) {
    if (!acts.has(`image:${container.name}`)) steps.push({ do: "image", wanted, attempt, because });
    return true;
  }
  if (able) steps.push({ do: "start", wanted, attempt, restartDelay: next, because });
  return true;
}
