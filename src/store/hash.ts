/** A history's number as etcd computes it (server/storage/mvcc/hash.go): equal histories have one, in whichever store they are. */
import { utf8 } from "#base/bytes.ts";
import { Writer } from "#schema/wire.ts";
import { castagnoli, castagnoliOf, shiftBy } from "./castagnoli.ts";
import { revisionKey, writeKeyValue } from "./change.ts";
import type { Placed, RetainedChanges, Revision } from "./contract.ts";

/** What a store shows of its history. Nothing of it may be swept before it has been read. */
export interface Hashable {
  readonly compacted: Revision;
  /** Whether no key stands at `revision`. */
  isEmpty(revision: Revision): boolean;
  /** The entries as of `revision` that are no newer than `newest`, in batches and in any order. */
  standing(revision: Revision, newest: Revision): Iterable<readonly Placed[]>;
  /** Each revision's changes after one and up to another. */
  changes(after: Revision, until: Revision): AsyncIterable<RetainedChanges>;
  /** Lets others go on. */
  turn(): Promise<void>;
}

/**
 * Of the changes up to `revision` in their order, each as etcd keeps it: all of those after `compacted`, and before that of
 * those that stand at `revision`; where no key stands then, of those that stood at `compacted`.
 */
export async function hashHistory(store: Hashable, revision: Revision): Promise<number> {
  const { compacted } = store;
  let hash = castagnoli(utf8("key"));
  if (compacted > 0) {
    const standing = new Standing();
    for (const entries of store.standing(store.isEmpty(revision) ? compacted : revision, compacted)) {
      for (const entry of entries) standing.add(entry);
      await store.turn();
    }
    hash = await standing.after(hash, () => store.turn());
  }
  const writer = new Writer();
  let bytes = 0;
  for await (const { revision: main, events } of store.changes(compacted, revision))
    for (const [sub, { type, entry }] of events.entries()) {
      const isTombstone = type === "delete";
      writer.restart();
      writeKeyValue(writer, entry, isTombstone);
      hash = castagnoli(writer.view(), castagnoli(revisionKey(main, sub, isTombstone), hash));
      bytes += EACH + writer.length;
      if (bytes < BETWEEN_TURNS) continue;
      bytes = 0;
      await store.turn();
    }
  return hash;
}

/** Bytes of changes between two turns, and what each counts beside its own. */
const BETWEEN_TURNS = 256 * 1024;
const EACH = 200;
/** Lengths of changes whose shifts are kept. */
const SHIFTS = 4096;

/** Entries that come in the order of their keys, and count in that of their revisions: of each its checksum is kept, some twenty bytes. */
class Standing {
  private readonly writer = new Writer();
  private count = 0;
  private mains = new Float64Array(1024);
  private subs = new Uint32Array(1024);
  private hashes = new Uint32Array(1024);
  private lengths = new Uint32Array(1024);

  add(entry: Placed): void {
    if (this.count === this.mains.length) this.grow();
    const { modRevision: main, sub = 0 } = entry;
    const { writer } = this;
    writer.restart();
    writeKeyValue(writer, entry, false);
    const key = revisionKey(main, sub);
    const at = this.count++;
    this.mains[at] = main;
    this.subs[at] = sub;
    this.hashes[at] = castagnoli(writer.view(), castagnoli(key));
    this.lengths[at] = key.length + writer.length;
  }
  private grow(): void {
    const length = this.count * 2;
    const copied = <T extends Float64Array | Uint32Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.mains = copied(new Float64Array(length), this.mains);
    this.subs = copied(new Uint32Array(length), this.subs);
    this.hashes = copied(new Uint32Array(length), this.hashes);
    this.lengths = copied(new Uint32Array(length), this.lengths);
  }
  /** The checksum of what has the checksum `before` and all of these behind it. */
  async after(before: number, turn: () => Promise<void>): Promise<number> {
    const shifts = new Map<number, number>();
    let hash = before;
    let at = 0;
    for (const i of await this.inOrder(turn)) {
      const length = this.lengths[i]!;
      let shift = shifts.get(length);
      if (shift === undefined) {
        shift = shiftBy(length);
        if (shifts.size < SHIFTS) shifts.set(length, shift);
      }
      hash = castagnoliOf(hash, this.hashes[i]!, shift);
      if (++at % BATCH === 0) await turn();
    }
    return hash;
  }
  /** By revision, and by place within it: sorted by sixteen bits at a time, lowest first, as no step of that takes long. */
  private async inOrder(turn: () => Promise<void>): Promise<Uint32Array> {
    const { count, mains, subs } = this;
    let order = Uint32Array.from({ length: count }, (_, i) => i);
    for (const numbers of [subs, mains]) {
      let most = 0;
      for (let i = 0; i < count; i++) most = Math.max(most, numbers[i]!);
      for (let unit = 1; unit <= most; unit *= DIGIT) {
        order = sortedBy(order, i => Math.floor(numbers[i]! / unit) % DIGIT);
        await turn();
      }
    }
    return order;
  }
}
const BATCH = 10_000;
const DIGIT = 0x10000;

/** The same in the order of their digits; of equal ones as they were. */
function sortedBy(order: Uint32Array<ArrayBuffer>, digit: (i: number) => number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(DIGIT + 1);
  for (const i of order) starts[digit(i) + 1]!++;
  for (let d = 1; d <= DIGIT; d++) starts[d]! += starts[d - 1]!;
  const sorted = new Uint32Array(order.length);
  for (const i of order) sorted[starts[digit(i)]!++] = i;
  return sorted;
}
