/** Names that the kubelet gives: labels and annotations in the runtime, directories, and how sentences name a pod. */
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { EventSubject } from "#kubelet/ports.ts";

export const LABEL = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;
export const ANNOTATION = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  gracePeriod: "io.kubernetes.pod.terminationGracePeriod",
  /** Milliseconds that must pass between this container's end and its next start; see restart.ts. */
  restartDelay: "coxswain.dev/restart-delay",
  /** Where on the node the container's termination message lies. */
  terminationFile: "coxswain.dev/termination-file",
} as const;

export const RUNTIME_SCHEME = "containerd";

/** A pod as sentences name it: `web_default(8f3c…)`. */
export function podText(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}
export function aboutPod(
  pod: Pod,
  container?: { readonly name: string; readonly init?: boolean; readonly ephemeral?: boolean },
): EventSubject {
  const list = container?.init ? "initContainers" : container?.ephemeral ? "ephemeralContainers" : "containers";
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, uid, resourceVersion },
    ...(container && { fieldPath: `spec.${list}{${container.name}}` }),
  };
}

/** 32-bit FNV-1a. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
/** Changes when a running container no longer is what its spec says: of what may change in place, only the image counts. */
export function containerHash(container: Pick<Container, "name" | "image">): string {
  return fnv1a(JSON.stringify({ image: container.image ?? "", name: container.name })).toString(16);
}

/** Directories of one pod. `root` is the kubelet's directory, `memory` its tmpfs. */
export interface PodPaths {
  readonly pod: string;
  /** What must not reach a disk: secrets, tokens. */
  readonly memory: string;
  readonly logs: string;
}
export function podPaths(roots: Roots, pod: { readonly namespace?: string; readonly name?: string; readonly uid?: string }): PodPaths {
  return {
    pod: `${roots.root}/pods/${pod.uid}`,
    memory: `${roots.memory}/pods/${pod.uid}`,
    logs: `${roots.logs}/pods/${pod.namespace}_${pod.name}_${pod.uid}`,
  };
}
export interface Roots {
  readonly root: string;
  readonly memory: string;
  /** `<logs>/pods/<ns_name_uid>/<container>/<n>.log` */
  readonly logs: string;
}
