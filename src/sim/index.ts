import { concat, latin1Bytes } from "#base/bytes.ts";
import { ALL_KEYS, type Key, NoSpace, prefixEnd } from "#store/contract.ts";
import type { Index, Row } from "#store/ports.ts";
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
  return {
    get: (table, key) => map.get(table + key),
    walk: (table, from, to, visit) => map.walk(table + from, endOf(table, to), (key, value) => visit(rowOf(key, value))),
    count: (table, from, to) => map.count(table + from, endOf(table, to)),
    async write(fill) {
      if (disk.full) throw new NoSpace();
      const changes: (() => void)[] = [];
      fill({
        put: (table, key, bytes, from, to) => changes.push(() => map.set(table + key, bytes.slice(from, to))),
        remove: (table, key) => changes.push(() => map.delete(table + key)),
      });
      const apply = () => {
        for (const change of changes) change();
      };
      // A crash in the middle leaves a write that nobody was told of: done or not.
      await disk.call(() => disk.chance.next() < 0.5 && apply());
      apply();
    },
    size: () => 0,
    async close() {},
  };
}
/** Without the table's letter before its key. */
function rowOf(key: Key, value: Uint8Array): Row {
  const bytes = concat([latin1Bytes(key), value]);
  const row = { keyStart: 1, keyEnd: key.length, start: key.length, end: bytes.length };
  return { bytes, view: new DataView(bytes.buffer), ...row };
}
const endOf = (table: string, to: Key): Key => (to >= ALL_KEYS ? prefixEnd(table) : table + to);
