import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCron } from "#base/cron.ts";
import { virtualClock } from "#sim/clock.ts";
import { snapshotName, snapshotsIn, surplus } from "./archive.ts";
import { onSchedule } from "./schedule.ts";

test("runs come at their times, not while one is under way, and end with the schedule", async () => {
  const clock = virtualClock();
  const began: number[] = [];
  const errors: string[] = [];
  const start = clock.now();
  let release = Promise.withResolvers<void>();
  const stop = onSchedule({
    cron: parseCron("@every 20m"),
    clock,
    offset: () => 0,
    failed: error => errors.push(error.message),
    async run() {
      began.push((clock.now() - start) / 60_000);
      await release.promise;
      if (began.length === 2) throw new Error("no room");
    },
  });
  await clock.advance(25 * 60_000);
  assert.deepEqual(began, [20]);
  await clock.advance(20 * 60_000);
  assert.deepEqual(began, [20]);
  release.resolve();
  await clock.advance(20 * 60_000);
  assert.deepEqual(began, [20, 60]);
  assert.deepEqual(errors, ["no room"]);
  release = Promise.withResolvers();
  release.resolve();
  await stop();
  await clock.advance(3600_000);
  assert.equal(began.length, 2);
});

test("snapshots are told from other files by their names; those beyond the newest few are surplus", () => {
  const at = Date.parse("2026-11-21T05:43:00Z");
  assert.equal(snapshotName("scheduled", at, true), "scheduled-20261121T054300Z.db.sealed");
  const files = [
    ...[0, 3, 1, 2].map(i => ({ name: snapshotName("scheduled", at + i * 60_000, i === 1), size: i })),
    { name: snapshotName("before-upgrade", at, false), size: 9 },
    { name: "notes.txt", size: 1 },
  ];
  const found = snapshotsIn(files);
  assert.deepEqual(
    found.map(s => [s.of, s.size, s.isSealed]),
    [
      ["scheduled", 3, false],
      ["scheduled", 2, false],
      ["scheduled", 1, true],
      ["before-upgrade", 9, false],
      ["scheduled", 0, false],
    ],
  );
  assert.deepEqual(
    surplus(found, "scheduled", 3).map(s => s.size),
    [0],
  );
});
