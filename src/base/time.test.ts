import assert from "node:assert/strict";
import test from "node:test";
import {
  canonicalMicroTime,
  canonicalTime,
  formatDuration,
  formatMicroTime,
  formatTime,
  humanDuration,
  parseDuration,
  parseTime,
} from "#base/time.ts";

test("times", () => {
  assert.equal(formatTime(1_700_000_000_999), "2023-11-14T22:13:20Z");
  assert.equal(formatMicroTime(1_700_000_000_999.25), "2023-11-14T22:13:20.999250Z");
  assert.equal(parseTime("2023-11-14T23:13:20.5+01:00"), 1_700_000_000_500);
  assert.equal(parseTime("2023-02-29T00:00:00Z"), undefined);
  assert.deepEqual(canonicalTime("2023-11-14T23:13:20.5+01:00"), { text: "2023-11-14T22:13:20Z" });
  assert.deepEqual(canonicalMicroTime("2023-11-14T23:13:20.123456+01:00"), { text: "2023-11-14T22:13:20.123456Z" });
  assert.deepEqual(canonicalTime("soon"), {
    problem: 'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
  });
  assert.deepEqual(canonicalTime("2023-13-14T23:13:20Z"), { problem: 'parsing time "2023-13-14T23:13:20Z": month out of range' });
  assert.deepEqual(canonicalMicroTime("2023-11-14T22:13:20Z"), {
    problem: 'parsing time "2023-11-14T22:13:20Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  });
});

test("durations", () => {
  assert.deepEqual(parseDuration("1h30m"), { ms: 5_400_000 });
  assert.deepEqual(parseDuration("-1.5s"), { ms: -1500 });
  assert.deepEqual(parseDuration("10"), { problem: 'time: missing unit in duration "10"' });
  assert.deepEqual(parseDuration("1y"), { problem: 'time: unknown unit "y" in duration "1y"' });
  assert.deepEqual(parseDuration("x"), { problem: 'time: invalid duration "x"' });
  for (const [ms, text] of [
    [0, "0s"],
    [5_400_000, "1h30m0s"],
    [1500, "1.5s"],
    [20, "20ms"],
    [0.5, "500µs"],
    [-61_000, "-1m1s"],
  ] as const)
    assert.equal(formatDuration(ms), text);
});

test("ages", () => {
  const s = 1000;
  const h = 3600 * s;
  for (const [ms, text] of [
    [-5 * s, "<invalid>"],
    [-1500, "0s"],
    [119 * s, "119s"],
    [120 * s, "2m"],
    [192 * s, "3m12s"],
    [20 * 60 * s, "20m"],
    [5 * h + 120 * s, "5h2m"],
    [40 * h, "40h"],
    [75 * h, "3d3h"],
    [24 * 20 * h, "20d"],
    [24 * 770 * h, "2y40d"],
    [24 * 365 * 9 * h, "9y"],
  ] as const)
    assert.equal(humanDuration(ms), text);
});
