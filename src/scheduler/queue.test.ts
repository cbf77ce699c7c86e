import assert from "node:assert/strict";
import test from "node:test";
import { seededChance } from "#base/chance.ts";
import { SchedulingQueue } from "#scheduler/queue.ts";
import { virtualClock } from "#sim/clock.ts";

const drain = (queue: SchedulingQueue) => {
  const out: string[] = [];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) out.push(key);
  return out;
};

test("pods come by priority, then by arrival, however many came and went between", () => {
  const chance = seededChance(7);
  const queue = new SchedulingQueue(virtualClock(), () => {});
  const expected: { key: string; priority: number; order: number }[] = [];
  for (let i = 0; i < 500; i++) {
    const priority = Math.floor(chance.next() * 5);
    queue.add(`p${i}`, priority);
    if (chance.next() < 0.2) queue.remove(`p${i}`);
    else expected.push({ key: `p${i}`, priority, order: i });
  }
  assert.equal(queue.active, expected.length);
  expected.sort((a, b) => b.priority - a.priority || a.order - b.order);
  assert.deepEqual(
    drain(queue),
    expected.map(e => e.key),
  );
  assert.equal(queue.active, 0);
});
test("a pod that fits nowhere waits for a change, or five minutes, and backs off between tries", async () => {
  const clock = virtualClock();
  const queue = new SchedulingQueue(clock, () => {});
  queue.add("p", 0);
  assert.equal(queue.pop(), "p");
  queue.park("p");
  assert.equal(queue.pop(), undefined);
  queue.wake();
  assert.equal(queue.pop(), undefined, "it backs off first");
  await clock.advance(1000);
  assert.equal(queue.pop(), "p");
  queue.wake();
  queue.park("p");
  await clock.advance(1999);
  assert.equal(queue.active, 0);
  await clock.advance(1);
  assert.equal(queue.pop(), "p", "what changed while it was decided counts");
  queue.park("p");
  await clock.advance(5 * 60_000);
  assert.equal(queue.pop(), "p");
});
