/**
 * Who wrote each revision, when, and why: one key that every write of the API puts a note under, in its own transaction. The store keeps
 * the key's versions for as long as it keeps the revisions themselves, so the notes are as durable as the writes, are a map from times to
 * revisions, and go with them.
 */
import { text, utf8 } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import type { Cause } from "#base/http.ts";
import { limits } from "#base/limits.ts";
import type { Kind } from "#kinds/kind.ts";
import { Compacted, type Key, keyOf, type Op, type Revision, type Store } from "#store/contract.ts";

export const JOURNAL: Key = keyOf("/coxswain/journal");
/** Heartbeats and events are too many to be noted one by one; one of them in this time is, so that times can be found all the same. */
const MARK_MS = 60_000;
const UNNOTED = new Set(["leases", "events"]);

export type Did = "create" | "update" | "delete";
/** Who asks for a write, as it is noted. */
export interface Author {
  readonly user: string;
  /** Who acted as that user. */
  readonly impersonator?: string;
  readonly manager: string;
  readonly subresource: string;
  readonly cause?: Cause;
}
/** The same as it is asked for. */
export type Asking = Omit<Author, "user"> & { readonly user: { readonly name: string } };
export interface Note {
  readonly revision: Revision;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the object that was written. */
  readonly key: Key;
  /** Its kind, as a cause's intent names kinds. */
  readonly kind: string;
  readonly did: Did;
  readonly author: Author;
  /** Bytes that all writes so far have brought. */
  readonly written: number;
}
type Kept = Omit<Note, "revision" | "author"> & { readonly by: string; readonly via?: string; readonly manager?: string } & {
  readonly sub?: string;
  readonly cause?: Cause;
};

export class Journal {
  /** Lists and watches from before are answered as if the store had it no more (compactor.ts). */
  horizon: Revision = 0;
  private readonly store: Store;
  private readonly clock: Clock;
  private written = 0;
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store, clock: Clock) {
    this.store = store;
    this.clock = clock;
  }
  /** Goes on with what earlier processes have noted. */
  async resume(): Promise<void> {
    const last = await this.last();
    if (last) this.written = Math.max(this.written, last.written);
  }
  /** The store has so many bytes more. */
  grew(bytes: number): void {
    this.written += bytes;
  }
  /** What a write of a kind adds to its transaction: nothing, or a note. */
  note({ storedAt, kind }: Pick<Kind, "storedAt" | "kind">, key: Key, did: Did, author: Asking): readonly Op[] {
    const at = this.clock.now();
    if (UNNOTED.has(storedAt) && Math.abs(at - this.lastAt) < MARK_MS) return [];
    this.lastAt = at;
    const { user, impersonator: via, manager, subresource: sub, cause } = author;
    const kept: Kept = {
      at,
      key,
      kind,
      did,
      by: user.name,
      written: this.written,
      ...(via && { via }),
      ...(manager && { manager }),
      ...(sub && { sub }),
      ...(cause && { cause }),
    };
    return [{ op: "put", key: JOURNAL, value: utf8(JSON.stringify(kept)) }];
  }

  /** The newest note; of those up to `revision` when one is given. Throws Compacted. */
  async last(revision?: Revision): Promise<Note | undefined> {
    const entry = await this.store.get(JOURNAL, revision);
    if (!entry) return undefined;
    const { by, via, manager = "", sub = "", cause, ...note } = JSON.parse(text(entry.value)) as Kept;
    const author = { user: by, manager, subresource: sub, ...(via && { impersonator: via }), ...(cause && { cause }) };
    return { ...note, revision: entry.modRevision, author };
  }
  /** The note of exactly this revision; one that somebody wrote past the API has none. */
  async of(revision: Revision): Promise<Note | undefined> {
    const note = await this.last(revision);
    return note?.revision === revision ? note : undefined;
  }
  /** Notes from `revision` on backwards, newest first, as far as they are kept. */
  async *before(revision: Revision): AsyncGenerator<Note, undefined> {
    for (let at = revision; at >= this.oldestKept; ) {
      const note = await this.last(at).catch(ifCompacted);
      if (!note) return;
      yield note;
      at = note.revision - 1;
    }
  }
  /** The last revision that had been written at a time (milliseconds); undefined when that is not kept any more, or before all notes. */
  async revisionAt(time: number): Promise<Revision | undefined> {
    const later = (await this.first(this.oldestKept, note => note.at > time)) ?? this.store.revision + 1;
    return later > this.oldestKept && (await this.last(later - 1).catch(ifCompacted)) ? later - 1 : undefined;
  }
  /** The first revision from `from` on at which no more than `bytes` were yet to be written. */
  async withinBytes(from: Revision, bytes: number): Promise<Revision> {
    const total = this.written;
    return (await this.first(from, note => total - note.written <= bytes)) ?? this.store.revision;
  }
  /** From which time and revision on the past can be read; no time: nothing has been noted. */
  async oldest(): Promise<{ readonly revision: Revision; readonly at: number | undefined }> {
    const revision = (await this.first(this.oldestKept, () => true)) ?? this.oldestKept;
    return { revision, at: (await this.last(revision).catch(ifCompacted))?.at };
  }
  private get oldestKept(): Revision {
    return Math.max(1, this.store.compacted);
  }
  /** The first revision whose newest note is so; what holds of a note must hold of those after it. */
  private async first(from: Revision, holds: (note: Note) => boolean): Promise<Revision | undefined> {
    let low = from;
    let high = this.store.revision + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      // Another process may have compacted beyond what this one knows.
      const note = await this.last(middle).catch(ifCompacted);
      if (note && holds(note)) high = middle;
      else low = middle + 1;
    }
    return low > this.store.revision ? undefined : low;
  }
}
/** What is compacted is as if it had never been noted. */
export function ifCompacted(error: unknown): undefined {
  if (!(error instanceof Compacted)) throw error;
}
/**
 * Reads what stands, in several steps at one revision: begins again when another process has compacted that away in the meantime. `read`
 * is told the newest revision each time.
 */
export async function whileKept<T>(store: Store, read: (revision: Revision) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read(store.revision);
    } catch (error) {
      if (!(error instanceof Compacted) || tries === limits.transactionAttempts) throw error;
      // what another has written is known after a read
      await store.get(JOURNAL);
    }
  }
}
