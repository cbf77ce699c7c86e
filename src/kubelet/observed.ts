/** What is known of one pod when the kubelet decides about it: values only, gathered by worker.ts. */
import { parseTime } from "#base/time.ts";
import type { Container, EphemeralContainer } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerStatus } from "#kinds/core/v1/podstatus.ts";
import type { ContainerState, ImageState, PodState, SandboxState } from "#kubelet/runtime.ts";

export type Role = "init" | "main" | "ephemeral";
/** What probes have found out about one running container; absent: not known yet. */
export interface ProbeResults {
  readonly startup?: boolean;
  readonly readiness?: boolean;
  readonly liveness?: boolean;
}
/** Something long that is under way, by key: `volumes`, `sandbox`, `image:NAME`, `start:NAME`, `preStop:ID`, `stop:ID`, `stopSandbox:ID`. */
export interface Act {
  readonly since: number;
  /** For `start:`: the attempt that it makes. */
  readonly attempt?: number;
  /** For `stop:`: when the container is killed. */
  readonly deadline?: number;
}
/** Why the last try at something went wrong; by container name, or `sandbox`. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly at: number;
  /** Not to be tried before. */
  readonly retryAt: number;
}
export interface Rejection {
  readonly reason: string;
  readonly message: string;
}
/** Why a node ends a pod that it has taken. */
export interface Eviction extends Rejection {
  /** Seconds that it is given at most. */
  readonly grace: number;
  /** The pod is told to be disrupted: it has done nothing wrong itself. */
  readonly disrupts?: true;
}
export interface Observed {
  readonly now: number;
  readonly pod: Pod;
  /** The API no longer has the pod: it was removed without grace. */
  readonly gone: boolean;
  readonly state: PodState | undefined;
  readonly volumes:
    | { readonly state: "absent" | "ready" }
    | { readonly state: "failed"; readonly message: string; readonly retryAt: number };
  readonly probes: ReadonlyMap<string, ProbeResults>;
  readonly acts: ReadonlyMap<string, Act>;
  readonly failures: ReadonlyMap<string, Failure>;
  /** Images made sure of, by `NAME#ATTEMPT`. */
  readonly images: ReadonlyMap<string, ImageState>;
  readonly messages: ReadonlyMap<string, string>;
  /** Containers whose preStop hook has ended. */
  readonly preStopped: ReadonlySet<string>;
  /** Since when containers are being stopped, by id. */
  readonly stopping: ReadonlyMap<string, number>;
  /** Since when the pod as a whole is ending. */
  readonly endingSince: number | undefined;
  readonly rejected: Rejection | undefined;
  /** The node runs short, or the pod has taken more of its disk than it may: it has to go. */
  readonly evicted: Eviction | undefined;
  /** Volumes, control group and the like of an ended pod are given back. */
  readonly released: boolean;
  readonly hostIps: readonly string[];
  readonly runtimeName: string;
}

/** Containers of a pod in the order in which they start. */
export interface Wanted {
  readonly role: Role;
  readonly container: Container;
  readonly target?: string;
}
export function wantedOf(pod: Pod): readonly Wanted[] {
  return [
    ...(pod.spec.initContainers ?? []).map(container => ({ role: "init" as const, container })),
    ...pod.spec.containers.map(container => ({ role: "main" as const, container })),
    ...(pod.spec.ephemeralContainers ?? []).map((container: EphemeralContainer) => ({
      role: "ephemeral" as const,
      container: container as Container,
      ...(container.targetContainerName && { target: container.targetContainerName }),
    })),
  ];
}

export function currentSandbox(state: PodState | undefined): SandboxState | undefined {
  return state?.sandboxes.reduce<SandboxState | undefined>((a, b) => (!a || b.attempt > a.attempt ? b : a), undefined);
}
/** The sandbox serves: it runs, and has an address unless it shares the node's. */
export function sandboxServes(sandbox: SandboxState | undefined, pod: Pod): boolean {
  return !!sandbox?.ready && (!!pod.spec.hostNetwork || sandbox.ips.length > 0);
}

/**
 * A container's attempts, newest first. One that the API's status knows and the runtime no longer does is put in as ended:
 * with its recorded end, or as lost (exit code 137).
 */
export function attemptsOf(observed: Pick<Observed, "pod" | "state" | "now">, name: string): readonly ContainerState[] {
  const found = (observed.state?.containers ?? []).filter(c => c.name === name).sort((a, b) => b.attempt - a.attempt);
  if (found.length > 0) return found;
  const told = statusIn(observed.pod, name);
  if (!told?.containerID) return [];
  const end = told.state.terminated ?? told.lastState.terminated;
  const lost = !told.state.terminated && !told.state.waiting;
  const time = (text: string | undefined) => (text ? (parseTime(text) ?? 0) : 0);
  return [
    {
      id: told.containerID.replace(/^.*:\/\//, ""),
      sandboxId: "",
      name,
      attempt: told.restartCount,
      state: "exited",
      createdAt: 0,
      startedAt: time(lost ? told.state.running?.startedAt : end?.startedAt),
      finishedAt: lost ? 0 : time(end?.finishedAt),
      exitCode: lost ? 137 : (end?.exitCode ?? 137),
      reason: lost ? "ContainerStatusUnknown" : (end?.reason ?? "ContainerStatusUnknown"),
      message: lost ? "The container could not be located when the pod was terminated" : (end?.message ?? ""),
      image: told.image,
      imageId: told.imageID,
      logPath: "",
      annotations: {},
    },
  ];
}
export function statusIn(pod: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(s => s.name === name);
}

/** Started in the sense of its startup probe; a container still busy with its postStart hook has not. */
export function isStarted(observed: Observed, container: Container, state: ContainerState | undefined): boolean {
  if (state?.state !== "running" || observed.acts.has(`start:${container.name}`)) return false;
  return !container.startupProbe || observed.probes.get(state.id)?.startup === true;
}
export function isReady(observed: Observed, container: Container, state: ContainerState | undefined): boolean {
  if (!isStarted(observed, container, state)) return false;
  return !container.readinessProbe || observed.probes.get(state!.id)?.readiness === true;
}
