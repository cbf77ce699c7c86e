import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { limits } from "#base/limits.ts";
import { freeWhenIdle, IDLE_FLAGS } from "#host/idle.ts";
import { virtualClock } from "#sim/clock.ts";

const GROWN = limits.idleGrowth + 1;

function process(heap: number) {
  const clock = virtualClock();
  const machine = { heap, load: 0, collected: [] as boolean[], shrinksTo: heap };
  const stop = freeWhenIdle({
    clock,
    utilization: () => machine.load,
    heap: () => machine.heap,
    collect: thorough => {
      machine.collected.push(thorough);
      machine.heap = machine.shrinksTo;
    },
  });
  return { machine, stop, clock, looks: (count: number) => clock.advance(count * limits.idleLookMs) };
}

test("once it is quiet after its start a process collects once, and again only when its heap has grown", async () => {
  const { machine, looks, stop, clock } = process(3 * GROWN);
  machine.shrinksTo = GROWN;
  machine.load = 0.5;
  await looks(10);
  assert.deepEqual(machine.collected, [], "while it works");
  machine.load = 0;
  await looks(limits.idleLooks - 1);
  assert.deepEqual(machine.collected, [], "a short rest");
  await looks(20);
  assert.deepEqual(machine.collected, [true]);
  machine.heap = machine.shrinksTo + limits.idleGrowth;
  await looks(20);
  assert.equal(machine.collected.length, 1);
  machine.heap += 1;
  await looks(1);
  assert.equal(machine.collected.length, 2);
  stop();
  assert.equal(clock.pending, 0);
});

test("what V8 has freed by itself counts, and a large heap is not looked through twice", async () => {
  const { machine, looks } = process(GROWN);
  await looks(limits.idleLooks);
  assert.equal(machine.collected.length, 1);
  machine.heap = 1;
  await looks(1);
  machine.heap = machine.shrinksTo = limits.idleThoroughHeap + GROWN;
  await looks(1);
  assert.deepEqual(machine.collected, [true, false]);
});

test("with its flags this very process can be measured and collected; without, nothing happens", () => {
  const program = `
    import assert from "node:assert/strict";
    import { freeWhenIdle, processHeap } from "#host/idle.ts";
    import { virtualClock } from "#sim/clock.ts";
    const clock = virtualClock();
    const parts = processHeap(clock);
    assert.equal(parts !== undefined, process.argv[1] === "able");
    freeWhenIdle(parts);
    if (!parts) assert.equal(clock.pending, 0);
    else {
      let kept = Array.from({ length: 200_000 }, (_, i) => ({ i }));
      const before = parts.heap();
      assert.ok(parts.utilization() > 0);
      kept = [];
      parts.collect(true);
      assert.ok(parts.heap() < before);
      parts.collect(false);
    }`;
  const node = (flags: string[], word: string) =>
    execFileSync(globalThis.process.execPath, [...flags, "--input-type=module", "-e", program, word], { cwd: import.meta.dirname });
  node(IDLE_FLAGS, "able");
  node([], "unable");
});
