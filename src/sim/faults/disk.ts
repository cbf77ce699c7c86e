import { type Duration, durationOf } from "#base/duration.ts";
import type { FaultyDisk } from "#sim/storage.ts";
import { between, faultKind, LONG, oneOf, SHORT, type World } from "./fault.ts";
import { among, count, optional, span } from "./fields.ts";

/**
 * The disk below the store is full (what puts is refused with etcd's "mvcc: database space exceeded"), slow, fails to sync, or its
 * machine loses its power in the n-th call of it: of what was not synced, some is lost and some torn. After the last two every control
 * plane is gone until the fault's end, when the store is opened anew.
 */
export interface DiskFault {
  readonly fault: "disk";
  readonly is: "full" | "slow" | "failing" | "powerless";
  /** full: bytes that still find room; 0. */
  readonly room?: number;
  /** slow: each call takes up to so long; 100 ms. */
  readonly by?: Duration;
  /** powerless: counted from the fault's beginning; 1, the next. */
  readonly call?: number;
}
const KINDS = ["full", "slow", "failing", "powerless"] as const;
const CALLS = 200;
const ROOM = 100_000;
const SLOW = 100;
const RETRY = 1000;

export const disk = faultKind<DiskFault>({
  name: "disk",
  fields: { is: among(KINDS), room: optional(count(0)), by: optional(span), call: optional(count(1)) },
  draw(chance) {
    const is = oneOf(chance, KINDS) ?? "full";
    if (is === "full") return { fault: "disk", is, room: Math.floor(chance.next() * ROOM), for: between(chance, ...SHORT) };
    if (is === "slow") return { fault: "disk", is, by: 1 + Math.floor(chance.next() * SLOW), for: between(chance, ...LONG) };
    if (is === "failing") return { fault: "disk", is, for: between(chance, ...SHORT) };
    return { fault: "disk", is, call: 1 + Math.floor(chance.next() * CALLS), for: between(chance, ...SHORT) };
  },
  problem: (_, { storage }) => (storage.disk ? undefined : 'the cluster\'s store has no disk: createCluster({ store: "disk" })'),
  begin({ is, room = 0, by = SLOW, call = 1 }, world) {
    const struck = world.storage.disk!;
    if (is === "full") {
      struck.room = room;
      return () => {
        struck.room = Number.POSITIVE_INFINITY;
      };
    }
    if (is === "slow") {
      struck.delay = durationOf("by", by);
      return () => {
        struck.delay = 0;
      };
    }
    if (is === "failing") struck.failSync = true;
    else struck.crashAt = struck.calls + call;
    return () => {
      if (is === "failing") struck.failSync = false;
      else struck.crashAt = 0;
      if (!struck.open) reopen(struck, world);
    };
  },
});

/** Another fault may still hold: it is tried until it succeeds. */
function reopen(struck: FaultyDisk, world: World): void {
  const begun = async () => {
    await struck.start();
    await Promise.all(world.planes.map(plane => plane.start()));
  };
  begun().catch(() => world.clock.after(RETRY, () => reopen(struck, world)));
}
