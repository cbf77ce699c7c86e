/** Which keys a user may read and write: the union of its roles' ranges. Pure. */
import { ALL_KEYS, type Key } from "#store/contract.ts";
import { rangeOf } from "./range.ts";

/** As the protocol counts them: read, write, both. */
export const READ = 0;
export const WRITE = 1;
export const READ_WRITE = 2;

export interface Permission {
  readonly permType: number;
  readonly key: Key;
  readonly rangeEnd: Key;
}
interface Interval {
  readonly from: Key;
  readonly to: Key;
}

/** Disjoint, in order. */
export type Ranges = readonly Interval[];

/** What these permissions allow of one kind. */
export function unionOf(permissions: readonly Permission[], kind: typeof READ | typeof WRITE): Ranges {
  const intervals = permissions
    .filter(p => p.permType === kind || p.permType === READ_WRITE)
    .map(p => {
      const [from, to] = rangeOf(p.key, p.rangeEnd);
      return { from, to };
    })
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const out: Interval[] = [];
  for (const next of intervals) {
    const last = out.at(-1);
    if (!last || next.from > last.to) out.push(next);
    else if (next.to > last.to) out[out.length - 1] = { from: last.from, to: next.to };
  }
  return out;
}
/** Whether all of [key, rangeEnd) is within. */
export function covers(ranges: Ranges, key: Key, rangeEnd: Key): boolean {
  const [from, to] = rangeOf(key, rangeEnd);
  return ranges.some(r => r.from <= from && to <= r.to);
}
/** A range that a permission may name: a key, [key, rangeEnd), or everything from a key on. */
export function isValidRange(key: Key, rangeEnd: Key): boolean {
  if (key === "") return false;
  return rangeEnd === "" || rangeEnd === "\0" || (key < rangeEnd && rangeEnd < ALL_KEYS);
}
