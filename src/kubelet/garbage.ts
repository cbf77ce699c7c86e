/** What nobody uses any more: directories and groups of pods that are gone, and images when their disk runs full. */

import type { Clock } from "#base/clock.ts";
import type { View } from "#client/view.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { KubeletConfig } from "#kubelet/kubelet.ts";
import type { Roots } from "#kubelet/names.ts";
import type { Cgroups, Disk } from "#kubelet/ports.ts";
import type { ImageState, PodState, Runtime } from "#kubelet/runtime.ts";

export interface GarbageParts {
  readonly runtime: Runtime;
  readonly disk: Disk;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly config: Pick<KubeletConfig, "cgroupRoot" | "keepImages" | "imageThresholds">;
  readonly pods: View<Pod>;
  readonly roots: Roots;
  /** Has a loop, or is being cleared. */
  readonly isKnown: (uid: string) => boolean;
}

/** An image younger than this is not taken: its pod may be about to start. Milliseconds. */
const LEAST_AGE = 120_000;
/** When each image was first seen unused; lost with the process, which only delays its removal. */
const unusedSince = new WeakMap<Runtime, Map<string, number>>();

/** Clears up once, with `all` every image that nobody uses; resolves with the images that are left. */
export async function collectGarbage(parts: GarbageParts, all = false): Promise<readonly ImageState[]> {
  const states = await parts.runtime.list();
  await forgottenPods(parts, states);
  return collectImages(parts, states, all);
}

async function forgottenPods({ disk, cgroups, roots, config, isKnown, pods }: GarbageParts, states: readonly PodState[]): Promise<void> {
  const inUse = new Set([...states.map(s => s.uid), ...pods.list().map(p => p.metadata.uid)]);
  const unknown = (uid: string) => !inUse.has(uid) && !isKnown(uid);
  for (const root of [roots.root, roots.memory]) {
    for (const uid of await disk.list(`${root}/pods`)) if (unknown(uid)) await disk.remove(`${root}/pods/${uid}`);
  }
  for (const name of await disk.list(`${roots.logs}/pods`)) {
    if (unknown(name.slice(name.lastIndexOf("_") + 1))) await disk.remove(`${roots.logs}/pods/${name}`);
  }
  for (const tier of ["", "/burstable", "/besteffort"]) {
    const at = `${config.cgroupRoot}/kubepods${tier}`;
    for (const name of await cgroups.children(at)) {
      if (name.startsWith("pod") && unknown(name.slice(3))) await cgroups.remove(`${at}/${name}`);
    }
  }
}

/** Upstream's image manager: above the high mark of the disk the longest unused go, until it is below the low one. */
async function collectImages(
  { runtime, disk, clock, config }: GarbageParts,
  states: readonly PodState[],
  all: boolean,
): Promise<readonly ImageState[]> {
  const images = await runtime.images();
  const used = new Set(states.flatMap(s => s.containers.flatMap(c => [c.image, c.imageId])));
  const since = unusedSince.get(runtime) ?? new Map<string, number>();
  unusedSince.set(runtime, since);
  const names = (i: ImageState) => [i.id, ...i.tags, ...i.digests];
  const free = images.filter(i => !i.pinned && !names(i).some(n => used.has(n) || config.keepImages.includes(n)));
  for (const id of since.keys()) if (!free.some(i => i.id === id)) since.delete(id);
  for (const i of free) if (!since.has(i.id)) since.set(i.id, clock.now());

  const excess = async () => {
    const { imageStore } = await runtime.stats();
    if (!imageStore?.path) return 0;
    const { capacity, available } = await disk.usage(imageStore.path);
    const { high, low } = config.imageThresholds;
    return (capacity - available) * 100 < capacity * high ? 0 : capacity - available - (capacity * low) / 100;
  };
  let toFree = all ? Number.POSITIVE_INFINITY : await excess();
  const gone = new Set<string>();
  for (const image of free.sort((a, b) => since.get(a.id)! - since.get(b.id)!)) {
    if (toFree <= 0) break;
    if (clock.now() - since.get(image.id)! < LEAST_AGE) continue;
    await runtime.removeImage(image.id);
    gone.add(image.id);
    toFree -= image.size;
  }
  return images.filter(i => !gone.has(i.id));
}
