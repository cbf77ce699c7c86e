/** Snapshots of a running cluster, by the schedule of its options. What takes one is loaded when the first is due. */
import { parseCron } from "#base/cron.ts";
import type { Log } from "#base/log.ts";
import type { Layout } from "#cluster/layout.ts";
import type { ClusterOptions } from "#cluster/options.ts";
import { hostClock, localOffset } from "#host/clock.ts";
import { onSchedule } from "#snapshot/schedule.ts";
import type { Store } from "#store/contract.ts";

/** The result ends it. */
export function scheduleSnapshots(layout: Layout, options: ClusterOptions, store: Store, log: Log): () => Promise<void> {
  if (options.snapshotSchedule === "none") return async () => undefined;
  const at = { place: options.snapshotTo || layout.snapshots, ...(options.snapshotKeyFile && { keyFile: options.snapshotKeyFile }) };
  return onSchedule({
    cron: parseCron(options.snapshotSchedule),
    clock: hostClock,
    offset: localOffset,
    failed: error => log.error("a scheduled snapshot failed", { place: at.place, error: error.message }),
    async run() {
      const { takeScheduled } = await import("#cluster/snapshots.ts");
      await takeScheduled(store, layout, at, options.snapshotRetention, log);
    },
  });
}
