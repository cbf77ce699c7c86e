import assert from "node:assert/strict";
import { test } from "node:test";
import { type EvictionSettings, evictionRules, keptBack } from "./thresholds.ts";

const MIB = 1024 ** 2;

test("what counts where nothing is said: upstream's hard thresholds, the most urgent first", () => {
  const rules = evictionRules();
  assert.deepEqual(
    rules.thresholds.map(t => [t.signal, t.least, t.grace]),
    [
      ["memory.available", { amount: 100 * MIB }, undefined],
      ["nodefs.available", { share: 0.1 }, undefined],
      ["nodefs.inodesFree", { share: 0.05 }, undefined],
      ["imagefs.available", { share: 0.15 }, undefined],
      ["imagefs.inodesFree", { share: 0.05 }, undefined],
      ["pid.available", { share: 0.1 }, undefined],
    ],
  );
  assert.deepEqual([rules.maxPodGraceSeconds, rules.transitionMs], [0, 300_000]);
  assert.deepEqual([keptBack(rules, "memory.available", 1), keptBack(rules, "nodefs.available", 109)], [100 * MIB, 10]);
});

test("soft thresholds stand beside hard ones, each with its grace and what is to be reclaimed; hard ones are replaced as a whole", () => {
  const { thresholds, maxPodGraceSeconds, transitionMs } = evictionRules({
    evictionHard: { "memory.available": "200Mi", "nodefs.available": "0%" },
    evictionSoft: { "memory.available": "1Gi", "nodefs.available": "12.5%" },
    evictionSoftGracePeriod: { "memory.available": "1m30s", "nodefs.available": 5000 },
    evictionMinimumReclaim: { "memory.available": "64Mi", "nodefs.available": "5%" },
    evictionMaxPodGracePeriod: 60,
    evictionPressureTransitionPeriod: "30s",
  });
  const memory = { signal: "memory.available", pressure: "MemoryPressure", resource: "memory", reclaim: { amount: 64 * MIB } };
  assert.deepEqual(thresholds, [
    { ...memory, least: { amount: 200 * MIB } },
    { ...memory, least: { amount: 1024 * MIB }, grace: 90_000 },
    {
      ...{ signal: "nodefs.available", pressure: "DiskPressure", resource: "ephemeral-storage" },
      ...{ least: { share: 0.125 }, grace: 5000, reclaim: { share: 0.05 } },
    },
  ]);
  assert.deepEqual([maxPodGraceSeconds, transitionMs], [60, 30_000]);
});

test("wrong settings are one sentence that names the field", () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ evictionHrd: {} }, /^x\.evictionHrd: there is no such field; there are evictionHard, /],
    [{ evictionHard: { "memory.free": "1Gi" } }, /^x\.evictionHard: unsupported eviction signal memory\.free$/],
    [{ evictionHard: { "memory.available": "much" } }, /^x\.evictionHard: memory\.available: /],
    [{ evictionHard: { "memory.available": "-1" } }, /^x\.evictionHard: eviction threshold memory\.available must be positive: -1$/],
    [{ evictionHard: { "memory.available": "0" } }, /^x\.evictionHard: eviction threshold memory\.available must be positive: 0$/],
    [
      { evictionHard: { "pid.available": "101%" } },
      /^x\.evictionHard: eviction percentage threshold pid\.available must be <= 100%: 101%$/,
    ],
    [
      { evictionSoft: { "pid.available": "10%" } },
      /^x\.evictionSoftGracePeriod: grace period must be specified for the soft eviction threshold pid\.available$/,
    ],
    [
      { evictionSoft: { "pid.available": "10%" }, evictionSoftGracePeriod: { "pid.available": "soon" } },
      /^x\.evictionSoftGracePeriod: pid\.available: time: invalid duration "soon"$/,
    ],
    [{ evictionMinimumReclaim: { disk: "1" } }, /^x\.evictionMinimumReclaim: unsupported eviction signal disk$/],
    [{ evictionMaxPodGracePeriod: -1 }, /^x\.evictionMaxPodGracePeriod: a whole number of seconds, not -1$/],
    [{ evictionPressureTransitionPeriod: "-1s" }, /^x\.evictionPressureTransitionPeriod: -1s is no span of time to come$/],
  ];
  for (const [settings, message] of wrong) assert.throws(() => evictionRules(settings as EvictionSettings, "x."), { message });
});
