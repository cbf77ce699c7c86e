/**
 * The embedded store on a disk that fails, in virtual time: clients at work, faults by chance, opened again and again, and at the
 * end the question whether all that anyone was told was true.
 */
import { seededChance } from "#base/chance.ts";
import { virtualClock } from "#sim/clock.ts";
import { PowerLost, simulatedDisk } from "#sim/files.ts";
import { simulatedIndex } from "#sim/index.ts";
import { slowed } from "#sim/slowfiles.ts";
import { catchUp, drive, newRecord } from "#store/clients.ts";
import { NoSpace, StoreClosed } from "#store/contract.ts";
import { openEmbedded } from "#store/embedded.ts";
import { violations } from "#store/linearizable.ts";

export interface Tally {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly starts: number;
  /** Faults that struck. */
  readonly faults: readonly string[];
  /** What does not hold. */
  readonly violations: readonly string[];
}
const LIVES = 4;
const HOUR_MS = 3_600_000;
/** Milliseconds of real time after which a seed is given up as stuck. */
const PATIENCE_MS = 30_000;

export async function storm(seed: number): Promise<Tally> {
  const chance = seededChance(seed);
  const clock = virtualClock();
  const disk = simulatedDisk(chance);
  const record = newRecord();
  const faults: string[] = [];
  const found: string[] = [];
  let slow = 0;
  const files = slowed(disk, () => (slow > 0 ? clock.sleep(chance.next() * slow) : undefined));
  const open = () =>
    openEmbedded({
      clock,
      files,
      openIndex: async path => simulatedIndex(disk, path),
      directory: "data",
      flushEvents: 2 + Math.floor(chance.next() * 40),
      segmentBytes: 500 + Math.floor(chance.next() * 20_000),
      recentBytes: Math.floor(chance.next() * 10_000),
      cacheBytes: Math.floor(chance.next() * 10_000),
    });

  const within = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    const until = performance.now() + PATIENCE_MS;
    while (!over) {
      await clock.advance(1 + chance.next() * 20);
      await new Promise(resolve => setImmediate(resolve));
      if (chance.next() < 0.02) clock.setWall(clock.now() + (chance.next() - 0.5) * 2 * HOUR_MS);
      if (performance.now() > until) throw new Error(`seed ${seed} is stuck after ${faults.join(", ")}`);
    }
    return done;
  };
  const strike = (): void => {
    const kind = Math.floor(chance.next() * 5);
    slow = chance.next() < 0.3 ? 30 : 0;
    if (slow) faults.push("a slow disk");
    if (kind === 0) disk.failSync = true;
    if (kind === 1) disk.room = chance.next() * 4000;
    if (kind >= 2 && kind < 4) disk.crashAt = disk.calls + 1 + Math.floor(chance.next() * 120);
    faults.push(["a failed sync", "a full disk", "a power loss", "a power loss", "none"][kind]!);
  };

  for (let life = 0; life <= LIVES; life++) {
    const last = life === LIVES;
    if (!last) strike();
    try {
      const store = await within(open());
      if (store.revision < record.revision)
        found.push(`revision ${record.revision} had been seen; the store came back at ${store.revision}`);
      await within(catchUp(store, record));
      const options = { chance, clients: 4, operations: last ? 5 : 40, size: 60, compact: (seen: number) => seen - 30, ttl: 5 };
      const failed = await within(drive(store, record, options));
      if (failed && !expected(failed)) found.push(`the store failed with ${failed instanceof Error ? failed.stack : String(failed)}`);
      await within(store.close());
    } catch (error) {
      if (!expected(error)) found.push(`the store did not open: ${error instanceof Error ? error.stack : String(error)}`);
    }
    disk.room = Number.POSITIVE_INFINITY;
    disk.failSync = false;
    slow = 0;
    disk.restart();
  }
  found.push(...violations(record));
  const acknowledged = record.attempts.filter(a => a.outcome.kind === "txn").length;
  const unknown = record.attempts.filter(a => a.outcome.kind === "unknown").length;
  return { acknowledged, unknown, starts: LIVES + 1, faults, violations: found };
}

const expected = (error: unknown) =>
  error instanceof PowerLost || error instanceof StoreClosed || error instanceof NoSpace || /input\/output error/.test(String(error));
