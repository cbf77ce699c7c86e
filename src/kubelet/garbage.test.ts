import assert from "node:assert/strict";
import { test } from "node:test";
import type { View } from "#client/view.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { Garbage } from "#kubelet/garbage.ts";
import type { Cgroups, Disk } from "#kubelet/ports.ts";
import type { ImageState, PodState, Runtime } from "#kubelet/runtime.ts";
import { virtualClock } from "#sim/clock.ts";

const image = (id: string, more: Partial<ImageState> = {}): ImageState => ({
  id,
  tags: [`${id}:1`],
  digests: [],
  size: 10,
  pinned: false,
  ...more,
});
const running = (uid: string, container: { readonly image: string; readonly imageId: string }) =>
  ({ uid, name: uid, namespace: "default", sandboxes: [], containers: [container] }) as unknown as PodState;

/** A machine with the directories and images given; `full`: percent of its disk of images. */
function world(names: Readonly<Record<string, readonly string[]>>, images: readonly ImageState[], full: number) {
  const clock = virtualClock();
  const removed: string[] = [];
  const left = new Map(images.map(i => [i.id, i]));
  const garbage = new Garbage({
    clock,
    roots: { root: "/k", memory: "/k/memory", logs: "/l" },
    config: { cgroupRoot: "/c", keepImages: ["pause:1"], imageThresholds: { high: 85, low: 80 } },
    isKnown: uid => uid === "known",
    pods: { list: () => [{ metadata: { uid: "listed" } }] } as unknown as View<Pod>,
    disk: {
      list: (at: string) => names[at] ?? [],
      remove: async (at: string) => void removed.push(at),
      usage: async () => ({ capacity: 100, available: 100 - full, inodes: 0, inodesFree: 0 }),
    } as unknown as Disk,
    cgroups: {
      children: async (at: string) => names[at] ?? [],
      remove: async (at: string) => void removed.push(at),
    } as unknown as Cgroups,
    runtime: {
      images: async () => [...left.values()],
      removeImage: async (id: string) => void left.delete(id),
      stats: async () => ({ containers: [], imageStore: { path: "/images", usedBytes: full, inodesUsed: 0 } }),
    } as unknown as Runtime,
  });
  return { clock, garbage, removed };
}
const ids = (images: readonly ImageState[]) => images.map(i => i.id);

test("directories and groups of pods that neither the API nor the runtime knows are removed", async () => {
  const { garbage, removed } = world(
    {
      "/k/pods": ["known", "listed", "runs", "gone"],
      "/k/memory/pods": ["gone"],
      "/l/pods": ["default_web_listed", "default_web_gone"],
      "/c/kubepods": ["burstable", "podgone"],
      "/c/kubepods/besteffort": ["podruns", "podold"],
    },
    [],
    0,
  );
  assert.deepEqual(await garbage.collect([running("runs", { image: "", imageId: "" })]), []);
  assert.deepEqual(removed, [
    "/k/pods/gone",
    "/k/memory/pods/gone",
    "/l/pods/default_web_gone",
    "/c/kubepods/podgone",
    "/c/kubepods/besteffort/podold",
  ]);
});

test("images go when their disk is full, the longest unused first, two minutes after their last use at the earliest", async () => {
  const images = [image("used"), image("pause"), image("pinned", { pinned: true }), image("a"), image("b")];
  const states = [running("runs", { image: "used:1", imageId: "used" })];
  const { clock, garbage } = world({}, images, 86);
  const withB = [running("runs", { image: "used:1", imageId: "used" }), running("other", { image: "b:1", imageId: "b" })];
  assert.equal((await garbage.collect(withB)).length, 5);
  await clock.advance(60_000);
  assert.equal((await garbage.collect(states)).length, 5);
  await clock.advance(60_000);
  // 86 % is six above the mark: one image of ten is enough, and a was free before b
  assert.deepEqual(ids(await garbage.collect(states)), ["used", "pause", "pinned", "b"]);
  await clock.advance(60_000);
  assert.deepEqual(ids(await garbage.collect(states, true)), ["used", "pause", "pinned"]);

  const roomy = world({}, images, 84);
  await roomy.garbage.collect(states);
  await roomy.clock.advance(600_000);
  assert.equal((await roomy.garbage.collect(states)).length, 5);
});
