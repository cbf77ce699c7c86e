import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { type Candidate, evictionOf, type Pressure, pressuresOf, ranked, refusedBy, shortagesOf } from "./eviction.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
interface Shape {
  readonly request?: string;
  readonly priority?: number;
  readonly memory?: number;
  readonly disk?: number;
}
const candidate = (name: string, { request, priority = 0, memory, disk = 0 }: Shape): Candidate => ({
  pod: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { priority, containers: [{ name: "app", ...(request && { resources: { requests: { memory: request } } }) }] },
    status: {},
  } as unknown as Pod,
  use: memory === undefined ? undefined : { containers: [{ name: "app", memory, disk, inodes: 0 }] },
});
const [short] = shortagesOf({ "memory.available": { available: 60 * MIB, capacity: 8 * GIB } });

test("a threshold is met below its quantity or its share, memory first; what was not observed is not short", () => {
  assert.deepEqual(shortagesOf({}), []);
  assert.deepEqual(shortagesOf({ "memory.available": { available: 100 * MIB, capacity: 8 * GIB } }), []);
  const found = shortagesOf({
    "pid.available": { available: 9, capacity: 100 },
    "imagefs.available": { available: 14, capacity: 100 },
    "nodefs.inodesFree": { available: 5, capacity: 100 },
    "nodefs.available": { available: 9, capacity: 100 },
    "memory.available": { available: 1, capacity: 8 * GIB },
  });
  assert.deepEqual(
    found.map(s => s.threshold.signal),
    ["memory.available", "nodefs.available", "imagefs.available", "pid.available"],
  );
});

test("a pressure is said for five minutes after it was last seen", () => {
  const seen = pressuresOf(new Map(), [short!], 1000);
  assert.deepEqual([...seen], [["MemoryPressure", 1000]]);
  assert.deepEqual([...pressuresOf(seen, [], 300_999)], [["MemoryPressure", 1000]]);
  assert.deepEqual([...pressuresOf(seen, [], 301_000)], []);
  assert.deepEqual([...pressuresOf(seen, [short!], 301_000)], [["MemoryPressure", 301_000]]);
});

test("first go those of whom nothing is known, then those above their requests by priority and excess, then the others; critical ones never", () => {
  const order = ranked(
    [
      candidate("within", { request: "1Gi", memory: 900 * MIB, priority: -5 }),
      candidate("over a little", { request: "100Mi", memory: 200 * MIB }),
      candidate("over a lot", { memory: 500 * MIB }),
      candidate("over, and important", { memory: 900 * MIB, priority: 100 }),
      candidate("critical", { memory: 4 * GIB, priority: 2_000_000_000 }),
      candidate("unknown", {}),
    ],
    short!,
  );
  assert.deepEqual(
    order.map(c => c.pod.metadata.name),
    ["unknown", "over a lot", "over a little", "over, and important", "within"],
  );
});

test("the reason is said in upstream's words", () => {
  assert.deepEqual(evictionOf(candidate("p", { request: "64Mi", memory: 200 * MIB }), short!), {
    reason: "Evicted",
    message:
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container app was using 200Mi, request is 64Mi, has larger consumption of memory. ",
  });
  const [disk] = shortagesOf({ "nodefs.available": { available: 18_428 * 1024, capacity: 106_782_174_210 } });
  assert.equal(
    evictionOf(candidate("p", { memory: 0, disk: 4096 }), disk!).message,
    "The node was low on resource: ephemeral-storage. Threshold quantity: 10678217421, available: 18428Ki. Container app was using 4Ki, request is 0, has larger consumption of ephemeral-storage. ",
  );
});

test("under memory pressure only pods without requests are refused, under others all; but not critical ones", () => {
  const none = candidate("p", {}).pod;
  const some = candidate("p", { request: "1Mi" }).pod;
  const tolerant = {
    ...none,
    spec: { ...none.spec, tolerations: [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists" }] },
  } as Pod;
  const memory = new Set<Pressure>(["MemoryPressure"]);
  assert.equal(refusedBy(new Set(), none), undefined);
  assert.deepEqual(refusedBy(memory, none), {
    reason: "Evicted",
    message: "Pod was rejected: The node had condition: [MemoryPressure]. ",
  });
  assert.equal(refusedBy(memory, some), undefined);
  assert.equal(refusedBy(memory, tolerant), undefined);
  assert.match(refusedBy(new Set<Pressure>(["MemoryPressure", "DiskPressure"]), some)?.message ?? "", /\[MemoryPressure DiskPressure\]/);
  assert.equal(refusedBy(new Set<Pressure>(["DiskPressure"]), candidate("p", { priority: 2_000_000_000 }).pod), undefined);
});
