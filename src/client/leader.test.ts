import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "#base/log.ts";
import { createClient } from "#client/http.ts";
import { elect } from "#client/leader.ts";
import { run, smallServer } from "#client/testing.ts";
import { virtualClock } from "#sim/clock.ts";

test("one leads at once, the other when the first is cut off or gives up, never both", async () => {
  const clock = virtualClock();
  const server = smallServer(clock);
  const log: string[] = [];
  let cut = "";
  const candidate = (identity: string) => {
    const ending = new AbortController();
    const client = createClient(r => (cut === identity ? Promise.reject(new Error("cut off")) : server.transport(r)), {
      userAgent: identity,
      clock,
    });
    const onWon = (fence: { transitions: number }) => log.push(`${identity} won ${fence.transitions}`);
    const parts = {
      client,
      clock,
      log: silentLog,
      name: "cm",
      namespace: "kube-system",
      identity,
      onWon,
      onLost: () => void log.push(`${identity} lost`),
    };
    const ended = elect(parts, ending.signal);
    return { end: () => ending.abort(), ended };
  };
  const a = candidate("a");
  await run(clock, 100);
  assert.deepEqual(log, ["a won 0"]);
  const b = candidate("b");
  await run(clock, 60_000);
  assert.deepEqual(log, ["a won 0"]);
  cut = "a";
  await run(clock, 30_000);
  assert.deepEqual(log, ["a won 0", "a lost", "b won 1"]);
  cut = "";
  b.end();
  await run(clock, 5_000);
  assert.deepEqual(log, ["a won 0", "a lost", "b won 1", "b lost", "a won 2"]);
  a.end();
  await run(clock, 5_000);
  await Promise.all([a.ended, b.ended]);
});
