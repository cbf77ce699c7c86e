import assert from "node:assert/strict";
import { test } from "node:test";
import { CronError, nextTime, type Offset, parseCron } from "./cron.ts";

const next = (schedule: string, after: string, offset?: Offset) => {
  const at = nextTime(parseCron(schedule), Date.parse(after), offset);
  return at === undefined ? undefined : new Date(at).toISOString().replace(":00.000Z", "Z");
};

test("the next time of a schedule", () => {
  // The cases of robfig/cron's own documentation and tests, among others.
  for (const [schedule, after, expected] of [
    ["* * * * *", "2026-07-09T14:45:00Z", "2026-07-09T14:46Z"],
    ["* * * * *", "2026-07-09T14:59:59Z", "2026-07-09T15:00Z"],
    ["0/15 * * * *", "2026-07-09T14:45:00Z", "2026-07-09T15:00Z"],
    ["20-35/15 * * * *", "2026-07-09T14:45:00Z", "2026-07-09T15:20Z"],
    ["0 */12 * * *", "2026-07-09T23:35:00Z", "2026-07-10T00:00Z"],
    ["30 8 * * mon-fri", "2026-11-20T09:00:00Z", "2026-11-23T08:30Z"],
    ["0 0 9 Apr-Oct ?", "2026-10-09T00:00:00Z", "2027-04-09T00:00Z"],
    ["0 0 29 Feb ?", "2026-01-01T00:00:00Z", "2028-02-29T00:00Z"],
    ["0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00Z"],
    ["0 0 31 2 *", "2026-01-01T00:00:00Z", undefined],
    // Either day is enough where both are said; else both must hold.
    ["0 0 1,15 * Sun", "2026-11-02T00:00:00Z", "2026-11-08T00:00Z"],
    ["0 0 13 * 5", "2026-11-01T00:00:00Z", "2026-11-06T00:00Z"],
    ["0 0 */10 * Sun", "2026-11-02T00:00:00Z", "2026-11-08T00:00Z"],
    ["0 0 * * Sun", "2026-11-02T00:00:00Z", "2026-11-08T00:00Z"],
    ["@hourly", "2026-11-02T00:00:00Z", "2026-11-02T01:00Z"],
    ["@weekly", "2026-11-02T00:00:00Z", "2026-11-08T00:00Z"],
    ["@yearly", "2026-11-02T00:00:00Z", "2027-01-01T00:00Z"],
    ["@every 1h30m", "2026-11-02T00:00:00Z", "2026-11-02T01:30Z"],
  ] as const)
    assert.equal(next(schedule, after), expected, schedule);
});

test("summer time: what the clock leaves out is left out, what it shows twice comes twice", () => {
  // Central Europe in 2026.
  const offset: Offset = at => (at >= Date.parse("2026-03-29T01:00:00Z") && at < Date.parse("2026-10-25T01:00:00Z") ? 120 : 60);
  assert.equal(next("30 2 * * *", "2026-03-28T12:00:00Z", offset), "2026-03-30T00:30Z");
  assert.equal(next("30 2 * * *", "2026-10-24T12:00:00Z", offset), "2026-10-25T00:30Z");
  assert.equal(next("30 2 * * *", "2026-10-25T00:30:00Z", offset), "2026-10-25T01:30Z");
  assert.equal(next("0 0 * * *", "2026-03-29T12:00:00Z", offset), "2026-03-29T22:00Z");
  assert.equal(next("0 0 1 * *", "2026-10-20T12:00:00Z", offset), "2026-10-31T23:00Z");
});

test("what is no schedule is told in a sentence", () => {
  for (const [schedule, says] of [
    ["", "expected exactly 5 fields, found 0: "],
    ["* * * *", "expected exactly 5 fields, found 4: * * * *"],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["* * * * 7", "end of range (7) above maximum (6): 7"],
    ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["a * * * *", "failed to parse int from a"],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["1/2/3 * * * *", "too many slashes: 1/2/3"],
    ["@nightly", "unrecognized descriptor: @nightly"],
    ["@every 5", "failed to parse duration @every 5"],
  ] as const)
    assert.throws(() => parseCron(schedule), new CronError(says));
});
