/** etcd's ranges: how a request names keys, and the filters, order and limit of its answer (etcd reads all, then filters, sorts, cuts). */
import type { Input, Value } from "#base/message.ts";
import type { RangeRequest, RangeResponse } from "#etcd/messages.ts";
import { ALL_KEYS, type Entry, type Key, type RangeOptions, withValue } from "#store/contract.ts";
import { compareBytes, NO_VALUE } from "#store/txn.ts";
import { etcdError } from "./errors.ts";

export type RangeQuery = Value<typeof RangeRequest>;

const ASCEND = 1;
const DESCEND = 2;
/** Sort targets: key, version, create, mod, value. */
const VALUE = 4;

/** The end of [key, rangeEnd) as the store writes it; undefined: `key` alone. */
export function endOf(rangeEnd: Key): Key | undefined {
  if (rangeEnd === "") return undefined;
  return rangeEnd === "\0" ? ALL_KEYS : rangeEnd;
}
/** The same as a range, of one key too. */
export function rangeOf(key: Key, rangeEnd: Key): [Key, Key] {
  return [key, endOf(rangeEnd) ?? `${key}\0`];
}
export function checkRange(request: RangeQuery): void {
  if (request.key === "") throw etcdError("emptyKey");
  if (request.sortOrder < 0 || request.sortOrder > DESCEND || request.sortTarget < 0 || request.sortTarget > VALUE) {
    throw etcdError("invalidSortOption");
  }
}
/** What of the request the store can do itself. */
export function optionsOf(request: RangeQuery): RangeOptions {
  const whole = isSorted(request) || isFiltered(request);
  return {
    revision: Math.max(0, request.revision),
    limit: whole ? 0 : Math.max(0, request.limit),
    keysOnly: request.keysOnly && request.sortTarget !== VALUE,
    countOnly: request.countOnly,
  };
}
/** Whether the store's answer is the request's: nothing is left to filter, sort or cut. */
export function isPlain(request: RangeQuery): boolean {
  return !isSorted(request) && !isFiltered(request);
}
/** Of all entries of the range, those that the request wants. */
export function finishRange(request: RangeQuery, found: readonly Entry[], count: number): Input<typeof RangeResponse> {
  let entries = found;
  if (isPlain(request)) return { kvs: entries, count, more: request.limit > 0 && count > entries.length && !request.countOnly };
  if (isFiltered(request)) entries = entries.filter(entry => passes(request, entry));
  if (isSorted(request)) entries = sorted(request, entries);
  const more = request.limit > 0 && entries.length > request.limit;
  if (more) entries = entries.slice(0, request.limit);
  if (request.keysOnly) entries = entries.map(entry => withValue(entry, NO_VALUE));
  return { kvs: entries, count, more };
}

export function isSorted({ sortOrder, sortTarget }: RangeQuery): boolean {
  return sortTarget !== 0 || sortOrder === DESCEND;
}
export function isFiltered(request: RangeQuery): boolean {
  return request.minModRevision !== 0 || request.maxModRevision !== 0 || request.minCreateRevision !== 0 || request.maxCreateRevision !== 0;
}
function passes(request: RangeQuery, entry: Entry): boolean {
  if (request.maxModRevision && entry.modRevision > request.maxModRevision) return false;
  if (request.minModRevision && entry.modRevision < request.minModRevision) return false;
  if (request.maxCreateRevision && entry.createRevision > request.maxCreateRevision) return false;
  return !(request.minCreateRevision && entry.createRevision < request.minCreateRevision);
}
function sorted({ sortOrder, sortTarget }: RangeQuery, entries: readonly Entry[]): readonly Entry[] {
  const order = ORDERS[sortTarget]!;
  const direction = sortOrder === DESCEND ? -1 : ASCEND;
  return [...entries].sort((a, b) => direction * order(a, b));
}
const ORDERS: readonly ((a: Entry, b: Entry) => number)[] = [
  (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  (a, b) => a.version - b.version,
  (a, b) => a.createRevision - b.createRevision,
  (a, b) => a.modRevision - b.modRevision,
  (a, b) => compareBytes(a.value, b.value),
];
