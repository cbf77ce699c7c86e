import assert from "node:assert/strict";
import { test } from "node:test";
import { evictionRules } from "#kubelet/thresholds.ts";
import { evictionOf } from "./evictionoptions.ts";

test("the kubelet's flags are read as a kubelet reads them", () => {
  assert.deepEqual(evictionOf({}), evictionRules());
  const rules = evictionOf({
    evictionHard: "memory.available<200Mi, nodefs.available<5%",
    evictionSoft: "memory.available<1.5Gi",
    evictionSoftGracePeriod: "memory.available=1m30s",
    evictionMinimumReclaim: "nodefs.available=1Gi,",
    evictionMaxPodGracePeriod: 30,
    evictionPressureTransitionPeriod: "1m",
  });
  const settings = {
    evictionHard: { "memory.available": "200Mi", "nodefs.available": "5%" },
    evictionSoft: { "memory.available": "1.5Gi" },
    evictionSoftGracePeriod: { "memory.available": "1m30s" },
    evictionMinimumReclaim: { "nodefs.available": "1Gi" },
    evictionMaxPodGracePeriod: 30,
    evictionPressureTransitionPeriod: "1m",
  };
  assert.deepEqual(rules, evictionRules(settings));
  assert.deepEqual(evictionOf({ evictionHard: "" }).thresholds, []);
});

test("a wrong flag is one sentence that names it", () => {
  const wrong: readonly (readonly [Parameters<typeof evictionOf>[0], RegExp])[] = [
    [
      { evictionHard: "memory.available" },
      /^--eviction-hard memory\.available: SIGNAL<VALUE, with commas between them, not "memory\.available"$/,
    ],
    [{ evictionHard: "memory.free<1Gi" }, /^--eviction-hard memory\.free<1Gi: unsupported eviction signal memory\.free$/],
    [{ evictionHard: "pid.available<1%,pid.available<2%" }, /: pid\.available is said twice$/],
    [
      { evictionSoft: "pid.available<10%" },
      /^--eviction-soft-grace-period: grace period must be specified for the soft eviction threshold/,
    ],
    [{ evictionMinimumReclaim: "disk=1" }, /^--eviction-minimum-reclaim disk=1: unsupported eviction signal disk$/],
    [{ evictionMaxPodGracePeriod: 1.5 }, /^--eviction-max-pod-grace-period 1\.5: a whole number of seconds, not 1\.5$/],
    [{ evictionPressureTransitionPeriod: "soon" }, /^--eviction-pressure-transition-period soon: time: invalid duration "soon"$/],
  ];
  for (const [flags, message] of wrong) assert.throws(() => evictionOf(flags), { message });
});
