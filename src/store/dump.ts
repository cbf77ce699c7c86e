import { limits } from "#base/limits.ts";
import type { Submit } from "./cleaner.ts";
import { ALL_KEYS, type Lease, type Retained, type RetainedChanges, type Revision, type StoreEvent } from "./contract.ts";
import type { LogHistory } from "./history.ts";
import type { Pending } from "./pending.ts";
import type { Position } from "./position.ts";
import type { Reads } from "./reads.ts";
import { headOf } from "./retained.ts";
import type { State } from "./state.ts";
import { versionOf } from "./version.ts";

/** What stands beside the entries and their history when a store is given away. */
export interface Standing {
  readonly head: Extract<Retained, { kind: "head" }>;
  readonly leases: readonly Lease[];
  readonly named: readonly (readonly [string, Uint8Array])[];
}

/** All that a store on disk retains up to its head's revision; `done` is called at the end, or when it is left. */
export async function* dump(standing: Standing, reads: Reads, history: LogHistory, done: () => void): AsyncGenerator<Retained> {
  const { head, leases, named } = standing;
  const { revision, compacted } = head;
  try {
    yield head;
    for (let from = ""; compacted > 0; ) {
      const entries = reads.at(from, ALL_KEYS, compacted, limits.storeBatch, true);
      if (entries.length > 0) yield { kind: "entries", entries };
      if (entries.length < limits.storeBatch) break;
      from = `${entries.at(-1)!.key}\0`;
    }
    yield* changesOf(history, compacted, revision);
    for (const lease of leases) yield { kind: "lease", lease };
    for (const [name, value] of named) yield { kind: "meta", name, value };
  } finally {
    done();
  }
}
/** Each revision's changes after `compacted` and up to `until`. */
export async function* changesOf(history: LogHistory, compacted: Revision, until: Revision): AsyncGenerator<RetainedChanges> {
  let cursor: unknown;
  for (let after = Math.max(1, compacted); after < until; ) {
    const piece = await history.logged(after, { from: "", to: ALL_KEYS, previous: false, cursor });
    cursor = piece.cursor;
    after = piece.revision;
    for (const changes of wholeRevisions(piece.events)) if (changes.revision <= until) yield changes;
  }
}
function wholeRevisions(events: readonly StoreEvent[]): RetainedChanges[] {
  const all: { kind: "changes"; revision: Revision; events: StoreEvent[] }[] = [];
  for (const { type, entry } of events) {
    const last = all.at(-1);
    if (last?.revision === entry.modRevision) last.events.push({ type, entry });
    else all.push({ kind: "changes", revision: entry.modRevision, events: [{ type, entry }] });
  }
  return all;
}

/** Bytes of changes that are written at once, and what each counts beside its key and value. */
const GATHERED = 1024 * 1024;
const EVENT_OVERHEAD = 64;

/** What a dump is written into: a fresh store. */
export interface Fresh {
  readonly position: Position;
  readonly pending: Pending;
  readonly state: State;
  readonly write: Submit;
  name(name: string, value: Uint8Array): Promise<void>;
}
/** Fills a fresh store with what a dump gives. */
export async function undump({ position, pending, state, write, name }: Fresh, stream: AsyncIterable<Retained>): Promise<void> {
  const { head, rest } = await headOf(stream);
  let based = head.compacted === 0;
  const base = async () => {
    if (based) return;
    based = true;
    await write(() => {
      pending.revision = pending.compacted = head.compacted;
      return [{ kind: "compact", revision: head.compacted, oldest: head.compacted + 1 }];
    });
  };
  // Revisions that are brought together share a frame and a sync.
  let gathered: RetainedChanges[] = [];
  let bytes = 0;
  const put = async () => {
    const all = gathered;
    gathered = [];
    bytes = 0;
    if (all.length > 0)
      await write(() =>
        all.map(({ revision, events }) =>
          pending.recorded(
            revision,
            events.map((event, i) => state.write(event, i)),
          ),
        ),
      );
  };
  for await (const part of rest) {
    if (part.kind !== "entries") await base();
    if (part.kind !== "changes") await put();
    if (part.kind === "entries")
      await write(() =>
        part.entries.map(entry => {
          const version = versionOf(entry, entry.sub ?? 0);
          state.place(version);
          return { kind: "moved", until: 0, version };
        }),
      );
    else if (part.kind === "changes") {
      gathered.push(part);
      for (const { entry } of part.events) bytes += entry.key.length + entry.value.length + EVENT_OVERHEAD;
      if (bytes >= GATHERED) await put();
    } else if (part.kind === "lease") await write(() => [pending.granted(part.lease)]);
    else if (part.kind === "meta") await name(part.name, part.value);
  }
  await base();
  await put();
  position.lastLease = Math.max(position.lastLease, head.lastLease);
}
