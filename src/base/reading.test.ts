import assert from "node:assert/strict";
import { test } from "node:test";
import { virtualClock } from "#sim/clock.ts";
import { restRead, wanted } from "./reading.ts";

/** As `turn` of the host: promises that wait for nothing else are done by then. */
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

test("virtual time stands still while a module is being read", async () => {
  const clock = virtualClock(0, { rest: () => restRead(turn) });
  const module = Promise.withResolvers<string>();
  let seen = -1;
  clock.after(10, () => {
    wanted(module.promise).then(() => {
      seen = clock.monotonic();
    });
  });
  clock.after(20, () => undefined);
  const moved = clock.advance(100);
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(clock.monotonic(), 10);
  module.resolve("read");
  await moved;
  assert.equal(seen, 10);
  assert.equal(clock.monotonic(), 100);
});

test("a module that cannot be read stops nothing but who wanted it", async () => {
  const refused = assert.rejects(wanted(Promise.reject(new Error("gone"))), /gone/);
  await restRead(turn);
  await refused;
});
