import { limits } from "#base/limits.ts";
import type { Cache } from "./cache.ts";
import { ALL_KEYS, type Entry, type Key, type RangeOptions, type RangeResult, type Revision } from "./contract.ts";
import type { Position } from "./position.ts";
import { Rests } from "./rests.ts";
import { scanBatches } from "./scan.ts";
import type { State } from "./state.ts";
import { withoutValues } from "./txn.ts";
import type { Version } from "./version.ts";

/** Bytes of the log that are read at once for a reader of everything. */
const BATCH = 256 * 1024;

/** Reads of what is durable: the newest of a range from memory where it is there, the past along the links between versions. */
export class Reads {
  private readonly position: Position;
  private readonly state: State;
  private readonly cache: Cache;
  private readonly rests = new Rests();

  constructor(position: Position, state: State, cache: Cache) {
    this.position = position;
    this.state = state;
    this.cache = cache;
  }

  get(key: Key, revision?: Revision): Entry | undefined {
    this.position.check(revision);
    const { state } = this;
    const entry = revision ? state.at(key, revision) : state.entry(key, "durable");
    return entry && state.cells.full(entry);
  }
  range(from: Key, to: Key, { revision = 0, limit = 0, keysOnly, countOnly }: RangeOptions = {}): RangeResult {
    this.position.check(revision);
    const { state, position } = this;
    const old = revision > 0 && revision < position.revision;
    const asOf = old ? revision : position.revision;
    const answer = (entries: readonly Entry[], count: number) => {
      const more = !countOnly && count > entries.length;
      if (more && limit > 0) this.rests.note(asOf, `${entries.at(-1)!.key}\0`, to, count - entries.length);
      return { entries, count, more, revision: position.revision };
    };
    const rest = limit > 0 && !countOnly ? this.rests.take(asOf, from, to) : undefined;
    if (old) {
      // All of it must be read, unless it is known how many there are.
      const all = state.older(from, to, revision, "durable", rest === undefined ? 0 : limit);
      const count = rest ?? all.length;
      if (countOnly) return answer([], count);
      const entries = limit > 0 ? all.slice(0, limit) : all;
      if (keysOnly) return answer(withoutValues(entries), count);
      state.cells.fill(entries);
      return answer(entries, count);
    }
    if (countOnly) return answer([], state.count(from, to, "durable"));
    const entries = keysOnly ? withoutValues(state.current(from, to, "durable", limit)) : this.cache.range(from, to, limit);
    const isCut = limit > 0 && entries.length === limit;
    return answer(entries, isCut ? (rest ?? state.count(from, to, "durable")) : entries.length);
  }
  scan(from: Key, to: Key, options: RangeOptions = {}): AsyncIterable<readonly Entry[]> {
    const { position } = this;
    return scanBatches(from, to, { ...options, revision: options.revision || position.revision }, (start, revision, limit) => {
      position.check(revision);
      return this.at(start, to, revision, limit, !options.keysOnly);
    });
  }
  /** All entries as of `revision`, compacted or not, that are no newer than `newest`; in batches, with their values. */
  *standing(revision: Revision, newest: Revision): Generator<readonly Version[]> {
    const { state } = this;
    for (let from: Key | undefined = ""; from !== undefined; ) {
      const found: Version[] = state.older(from, ALL_KEYS, revision, "durable", limits.storeBatch);
      from = found.length < limits.storeBatch ? undefined : `${found.at(-1)!.key}\0`;
      const wanted = found.filter(({ modRevision }) => modRevision <= newest);
      for (let start = 0; start < wanted.length; ) {
        let end = start;
        for (let bytes = 0; end < wanted.length && bytes < BATCH; end++) bytes += wanted[end]!.size;
        const batch = wanted.slice(start, end);
        state.cells.fill(batch);
        yield batch;
        start = end;
      }
    }
  }
  /** The first `limit` entries of [from, to) as of `revision`; whether or not it is compacted. */
  at(from: Key, to: Key, revision: Revision, limit: number, values: boolean): readonly Entry[] {
    const { state } = this;
    const old = revision < this.position.revision;
    if (!old && values) return this.cache.range(from, to, limit);
    const entries = old ? state.older(from, to, revision, "durable", limit) : state.current(from, to, "durable", limit);
    if (values) state.cells.fill(entries);
    return entries;
  }
}
