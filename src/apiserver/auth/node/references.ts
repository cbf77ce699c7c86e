/** What the pods of each node refer to: `secrets/NAMESPACE/NAME` and the like, counted by pod. */
import type { Objects } from "#apiserver/call.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Volume } from "#kinds/core/v1/volume.ts";

export class NodeReferences {
  private readonly objects: Objects;
  /** By node, then by reference: how many pods make it. */
  private readonly counts = new Map<string, Map<string, number>>();
  private readonly byPod = new Map<string, { readonly node: string; readonly references: readonly string[] }>();
  private following = false;
  constructor(objects: Objects) {
    this.objects = objects;
  }

  /** Whether a pod of the node refers to the object. */
  has(node: string, resource: string, namespace: string, name: string): boolean {
    this.follow();
    return this.counts.get(node)?.has(`${resource}/${namespace}/${name}`) ?? false;
  }
  /** The pods are read at the first question, and followed from then on. */
  private follow(): void {
    if (this.following) return;
    this.following = true;
    for (const pod of this.objects.list(Pod)) this.set(pod);
    this.objects.onChange(Pod, (pod, gone) => (gone ? this.forget(keyOf(pod)) : this.set(pod)));
  }
  private set(pod: Pod): void {
    const key = keyOf(pod);
    this.forget(key);
    const node = pod.spec.nodeName;
    if (!node) return;
    const references = referencesOf(pod);
    this.byPod.set(key, { node, references });
    const counts = this.counts.get(node) ?? new Map<string, number>();
    for (const r of references) counts.set(r, (counts.get(r) ?? 0) + 1);
    this.counts.set(node, counts);
  }
  private forget(key: string): void {
    const known = this.byPod.get(key);
    if (!known) return;
    this.byPod.delete(key);
    const counts = this.counts.get(known.node)!;
    for (const r of known.references) {
      const left = counts.get(r)! - 1;
      if (left > 0) counts.set(r, left);
      else counts.delete(r);
    }
    if (counts.size === 0) this.counts.delete(known.node);
  }
}
const keyOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`;

/** All that the kubelet must read to run the pod; a mirror pod's content is the kubelet's own say, so it opens nothing. */
export function referencesOf(pod: Pod): string[] {
  const { namespace = "", name = "", annotations } = pod.metadata;
  const found = new Set<string>();
  const add = (resource: string, to: string | undefined) => to && found.add(`${resource}/${namespace}/${to}`);
  add("pods", name);
  if (annotations?.["kubernetes.io/config.mirror"] !== undefined) return [...found];
  add("serviceaccounts", pod.spec.serviceAccountName);
  for (const s of pod.spec.imagePullSecrets ?? []) add("secrets", s.name);
  for (const c of [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])]) {
    for (const e of c.env ?? []) {
      add("secrets", e.valueFrom?.secretKeyRef?.name);
      add("configmaps", e.valueFrom?.configMapKeyRef?.name);
    }
    for (const e of c.envFrom ?? []) {
      add("secrets", e.secretRef?.name);
      add("configmaps", e.configMapRef?.name);
    }
  }
  for (const v of pod.spec.volumes ?? []) volumeReferences(v, name, add);
  return [...found];
}
function volumeReferences(v: Volume, pod: string, add: (resource: string, to: string | undefined) => void): void {
  add("secrets", v.secret?.secretName);
  add("configmaps", v.configMap?.name);
  add("persistentvolumeclaims", v.persistentVolumeClaim?.claimName);
  if (v.ephemeral) add("persistentvolumeclaims", `${pod}-${v.name}`);
  for (const s of v.projected?.sources ?? []) {
    add("secrets", s.secret?.name);
    add("configmaps", s.configMap?.name);
  }
  const holders = [v.azureFile, v.cephfs, v.cinder, v.flexVolume, v.rbd, v.scaleIO, v.iscsi, v.storageos];
  for (const holder of holders) {
    if (!holder) continue;
    add("secrets", "secretName" in holder ? holder.secretName : (holder as { secretRef?: { name?: string } }).secretRef?.name);
  }
  add("secrets", v.csi?.nodePublishSecretRef?.name);
}
