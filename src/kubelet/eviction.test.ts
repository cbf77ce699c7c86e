import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { type Candidate, evictionOf, lookAt, ranked, refusedBy, type Shortness, type Signals, WELL } from "./eviction.ts";
import { evictionRules, type Pressure } from "./thresholds.ts";

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
const rules = evictionRules();
const shortagesOf = (signals: Signals) => lookAt(WELL, signals, rules, 0).shortages;
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
  const little = { "memory.available": { available: 1, capacity: 8 * GIB } };
  const seen = lookAt(WELL, little, rules, 1000);
  const after = (before: Shortness, signals: Signals, now: number) => [...lookAt(before, signals, rules, now).pressures];
  assert.deepEqual([...seen.pressures], [["MemoryPressure", 1000]]);
  assert.deepEqual(after(seen, {}, 300_999), [["MemoryPressure", 1000]]);
  assert.deepEqual(after(seen, {}, 301_000), []);
  assert.deepEqual(after(seen, little, 301_000), [["MemoryPressure", 301_000]]);
  assert.equal(lookAt(WELL, {}, rules, 5), WELL);
});

test("a soft threshold evicts when it has been met all through its grace; the node says so at once", () => {
  const soft = evictionRules({ evictionSoft: { "memory.available": "1Gi" }, evictionSoftGracePeriod: { "memory.available": "1m" } });
  const level = (mib: number) => ({ "memory.available": { available: mib * MIB, capacity: 8 * GIB } });
  const look = (before: Shortness, mib: number, seconds: number) => lookAt(before, level(mib), soft, seconds * 1000);
  const first = look(WELL, 900, 0);
  assert.deepEqual([first.shortages.length, [...first.pressures.keys()]], [0, ["MemoryPressure"]]);
  assert.equal(look(first, 900, 59).shortages.length, 0);
  const [met] = look(first, 900, 60).shortages;
  assert.deepEqual([met?.threshold.grace, met?.least], [60_000, GIB]);
  // a look at which it was not met begins it anew
  assert.equal(look(look(first, 2000, 30), 900, 70).shortages.length, 0);
  // the hard one needs no grace, and is said first
  const both = look(first, 90, 60).shortages;
  assert.deepEqual(
    both.map(s => s.threshold.grace),
    [undefined, 60_000],
  );
});

test("what evicts does so until there is as much more as is to be reclaimed", () => {
  const more = evictionRules({ evictionHard: { "memory.available": "100Mi" }, evictionMinimumReclaim: { "memory.available": "50Mi" } });
  const look = (before: Shortness, mib: number) =>
    lookAt(before, { "memory.available": { available: mib * MIB, capacity: 8 * GIB } }, more, 0);
  assert.equal(look(WELL, 120).shortages.length, 0);
  const short = look(WELL, 99);
  const still = look(short, 149);
  assert.deepEqual([still.shortages.length, still.shortages[0]?.least], [1, 100 * MIB]);
  assert.equal(look(still, 150).shortages.length, 0);
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
  assert.deepEqual(evictionOf(candidate("p", { request: "64Mi", memory: 200 * MIB }), short!, rules), {
    reason: "Evicted",
    grace: 1,
    disrupts: true,
    message:
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container app was using 200Mi, request is 64Mi, has larger consumption of memory. ",
  });
  const [disk] = shortagesOf({ "nodefs.available": { available: 18_428 * 1024, capacity: 106_782_174_210 } });
  assert.equal(
    evictionOf(candidate("p", { memory: 0, disk: 4096 }), disk!, rules).message,
    "The node was low on resource: ephemeral-storage. Threshold quantity: 10678217421, available: 18428Ki. Container app was using 4Ki, request is 0, has larger consumption of ephemeral-storage. ",
  );
});

test("below a soft threshold a pod is given as long as the node allows", () => {
  const soft = { ...short!, threshold: { ...short!.threshold, grace: 60_000 } };
  assert.equal(evictionOf(candidate("p", {}), soft, { maxPodGraceSeconds: 45 }).grace, 45);
  assert.equal(evictionOf(candidate("p", {}), soft, rules).grace, 1);
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
