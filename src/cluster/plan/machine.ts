/** A node's machine as its pods' statuses tell of it: what a simulated runtime begins with when it stands for a real one. */
import { parseTime } from "#base/time.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { ContainerStatus } from "#kinds/core/v1/podstatus.ts";
import { containerSpec, type NodeSetting, sandboxSpec } from "#kubelet/containerspec.ts";
import { wantedOf } from "#kubelet/observed.ts";
import type { ContainerState, ImageState } from "#kubelet/runtime.ts";
import type { RuntimeState } from "#sim/runtime.ts";
import type { Script } from "#sim/script.ts";

/** Milliseconds that a container runs which ends again and again. */
const CRASH_MS = 1000;

/** Ready sandboxes and running containers; what has ended the kubelet knows from the statuses themselves. */
export function machineOf(pods: readonly Pod[], setting: NodeSetting): RuntimeState {
  const boxes: { spec: RuntimeState["boxes"][number]["spec"]; state: RuntimeState["boxes"][number]["state"] }[] = [];
  const containers: { spec: RuntimeState["containers"][number]["spec"]; state: ContainerState }[] = [];
  const images = new Map<string, ImageState>();
  for (const pod of pods) {
    const ips = pod.status.podIPs?.map(p => p.ip ?? "").filter(Boolean) ?? [];
    const running = statusesOf(pod).filter(s => s.state.running);
    if (running.length === 0) continue;
    const spec = sandboxSpec(pod, 0, setting);
    const hostNetwork = pod.spec.hostNetwork ?? false;
    const id = `sandbox-${pod.metadata.uid}`;
    const createdAt = parseTime(pod.status.startTime ?? "") ?? 0;
    boxes.push({ spec, state: { id, attempt: 0, ready: true, createdAt, ips: hostNetwork ? [] : ips, hostNetwork } });
    for (const status of running) {
      const container = wantedOf(pod).find(w => w.container.name === status.name)?.container;
      if (!container) continue;
      const image = imageOf(status);
      images.set(status.image, image);
      const parts = { attempt: status.restartCount, restartDelay: 0, image, env: [], mounts: [], terminationFile: "" };
      const own = containerSpec(pod, container, parts, setting);
      containers.push({ spec: own, state: stateOf(status, id, own.annotations, `${spec.logDirectory}/${own.logPath}`) });
    }
  }
  return { serial: boxes.length + containers.length, boxes, containers, images: [...images] };
}

/** What is known of images that do not run: a plan does not hope that they will. Undefined: nothing speaks against it. */
export function knownTrouble(pods: readonly Pod[]): (image: string) => Script | undefined {
  const troubles = new Map<string, Script>();
  for (const status of pods.flatMap(statusesOf)) {
    const { waiting } = status.state;
    const ended = status.lastState.terminated ?? status.state.terminated;
    if (waiting?.reason === "ImagePullBackOff" || waiting?.reason === "ErrImagePull")
      troubles.set(status.image, { startError: waiting.message ?? waiting.reason });
    else if (waiting?.reason === "CrashLoopBackOff" && ended) troubles.set(status.image, { runsFor: CRASH_MS, exitCode: ended.exitCode });
  }
  return image => troubles.get(image);
}

function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
}
function stateOf(status: ContainerStatus, sandboxId: string, annotations: ContainerState["annotations"], logPath: string): ContainerState {
  const startedAt = parseTime(status.state.running?.startedAt ?? "") ?? 0;
  return {
    id: status.containerID?.replace(/^.*:\/\//, "") ?? "",
    sandboxId,
    name: status.name,
    attempt: status.restartCount,
    state: "running",
    createdAt: startedAt,
    startedAt,
    finishedAt: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: status.image,
    imageId: status.imageID,
    logPath,
    annotations,
  };
}
const imageOf = ({ image, imageID }: ContainerStatus): ImageState => ({
  id: imageID,
  tags: [image],
  digests: [],
  size: 1_000_000,
  uid: 65532,
  pinned: false,
});
