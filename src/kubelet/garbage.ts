/** What nobody uses any more: directories and groups of pods that are gone, and images when their disk runs full. */
import type { Clock } from "#base/clock.ts";
import { type Soon, together } from "#base/soon.ts";
import type { View } from "#client/view.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { KubeletConfig } from "#kubelet/config.ts";
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

/** Where something of pods lies, one name a pod. */
interface Place {
  readonly names: () => Soon<readonly string[]>;
  /** Whose it is; undefined: no pod's. */
  readonly uidOf: (name: string) => string | undefined;
  readonly remove: (name: string) => Promise<void>;
}
function placesOf({ disk, cgroups, roots, config }: GarbageParts): readonly Place[] {
  const directories = (at: string, uidOf: Place["uidOf"]): Place => ({
    names: () => disk.list(at),
    uidOf,
    remove: name => disk.remove(`${at}/${name}`),
  });
  const groups = (at: string): Place => ({
    names: () => cgroups.children(at),
    uidOf: name => (name.startsWith("pod") ? name.slice(3) : undefined),
    remove: name => cgroups.remove(`${at}/${name}`),
  });
  return [
    ...[roots.root, roots.memory].map(root => directories(`${root}/pods`, uid => uid)),
    directories(`${roots.logs}/pods`, name => name.slice(name.lastIndexOf("_") + 1)),
    ...["", "/burstable", "/besteffort"].map(tier => groups(`${config.cgroupRoot}/kubepods${tier}`)),
  ];
}

export class Garbage {
  readonly #parts: GarbageParts;
  readonly #places: readonly Place[];
  /** When each image was first seen unused; lost with the process, which only delays its removal. */
  readonly #unusedSince = new Map<string, number>();

  /** Nothing was left, when it last cleared up, that may go some time. */
  clean = false;

  constructor(parts: GarbageParts) {
    this.#parts = parts;
    this.#places = placesOf(parts);
  }
  /** Clears up once, with `all` every image that nobody uses. `states` is all that the runtime has now; resolves with the images that are left. */
  async collect(states: readonly PodState[], all = false): Promise<readonly ImageState[]> {
    const names = together(this.#places.map(place => place.names()));
    const found = names instanceof Promise ? await names : names;
    this.clean = found.every(n => n.length === 0);
    if (!this.clean) await this.#clear(found, states);
    return this.#collectImages(states, all);
  }

  /** Removes what is of pods that neither the API nor the runtime knows. */
  async #clear(found: readonly (readonly string[])[], states: readonly PodState[]): Promise<void> {
    const { isKnown, pods } = this.#parts;
    const inUse = new Set([...states.map(s => s.uid), ...pods.list().map(p => p.metadata.uid)]);
    for (const [i, { uidOf, remove }] of this.#places.entries()) {
      for (const name of found[i] ?? []) {
        const uid = uidOf(name);
        if (uid !== undefined && !inUse.has(uid) && !isKnown(uid)) await remove(name);
      }
    }
  }

  /** Upstream's image manager: above the high mark of the disk the longest unused go, until it is below the low one. */
  async #collectImages(states: readonly PodState[], all: boolean): Promise<readonly ImageState[]> {
    const { runtime, clock, config } = this.#parts;
    const since = this.#unusedSince;
    const images = await runtime.images();
    const free = freeOf(images, states, config.keepImages);
    for (const id of since.keys()) if (!free.some(i => i.id === id)) since.delete(id);
    if (free.length === 0) return images;
    this.clean = false;
    for (const i of free) if (!since.has(i.id)) since.set(i.id, clock.now());

    let toFree = all ? Number.POSITIVE_INFINITY : await this.#excess();
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
  /** Bytes by which the images' disk is fuller than it should be. */
  async #excess(): Promise<number> {
    const { runtime, disk, config } = this.#parts;
    const { imageStore } = await runtime.stats();
    if (!imageStore?.path) return 0;
    const { capacity, available } = await disk.usage(imageStore.path);
    const { high, low } = config.imageThresholds;
    return (capacity - available) * 100 < capacity * high ? 0 : capacity - available - (capacity * low) / 100;
  }
}

/** The images that no container uses and nobody wants kept. */
function freeOf(images: readonly ImageState[], states: readonly PodState[], kept: readonly string[]): ImageState[] {
  if (images.length === 0) return [];
  const used = new Set(kept);
  for (const { containers } of states) for (const c of containers) used.add(c.image).add(c.imageId);
  return images.filter(i => !i.pinned && !used.has(i.id) && !i.tags.some(t => used.has(t)) && !i.digests.some(d => used.has(d)));
}
