import { NoSpace } from "#store/contract.ts";
import type { Change, Index } from "#store/ports.ts";
import { SortedMap } from "#store/sorted.ts";
import type { SimulatedDisk } from "./files.ts";

/** An index in memory that outlives its store: what `write` has returned for is kept, all of a write or nothing of it. */
export function simulatedIndex(disk: SimulatedDisk, path: string): Index {
  let rows = disk.indexes.get(path);
  if (!rows) {
    rows = new SortedMap();
    disk.indexes.set(path, rows);
  }
  const map = rows;
  const apply = (changes: readonly Change[]) => {
    for (const { key, value } of changes) {
      if (value) map.set(key, value.slice());
      else map.delete(key);
    }
  };
  return {
    get: key => map.get(key),
    walk: (from, to, skip, visit) => map.walk(from, to, (key, value) => visit(key.slice(skip), value)),
    count: (from, to) => map.count(from, to),
    async write(changes) {
      if (disk.full) throw new NoSpace();
      // A crash in the middle leaves a write that nobody was told of: done or not.
      await disk.call(() => disk.chance.next() < 0.5 && apply(changes));
      apply(changes);
    },
    size: () => 0,
    async close() {},
  };
}
