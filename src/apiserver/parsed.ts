/**
 * Objects as they were last written or read for a write here: parsed once and frozen, for watches, views and the next write to share. Of
 * so many bytes of records those are kept that were used last.
 */
import { asRead, type Drawn } from "#apiserver/record.ts";
import type { AnyObject } from "#apiserver/registry.ts";
import { limits } from "#base/limits.ts";
import { UsedMap } from "#base/usedmap.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Key, Revision } from "#store/contract.ts";

/** What is known of a key. It stays the same one over all writes: a map into which each is put and taken out again holds on to them. */
interface Kept {
  kind: Kind;
  revision: Revision;
  /** Undefined: nothing has been kept yet. */
  object: AnyObject | undefined;
  bytes: number;
  /** What is being written, and as what: whoever hears of the change may do so before the writer. */
  coming: Drawn | undefined;
  as: Kind;
}
export class Parsed {
  readonly #kept = new UsedMap<Key, Kept>();
  readonly #most: number;
  #bytes = 0;
  constructor(most: number = limits.parsedObjects) {
    this.#most = most;
  }
  /** The object of this record, written at exactly this revision, if it is here. */
  get(kind: Kind, key: Key, revision: Revision, record: Uint8Array): AnyObject | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (kept.revision === revision && kept.kind === kind) return kept.object;
    return kept.coming?.record === record && kept.as === kind ? this.#arrived(key, kept, revision) : undefined;
  }
  /** The object as it was last seen here; others may have written it since. */
  last(kind: Kind, key: Key): AnyObject | undefined {
    const kept = this.#kept.peek(key);
    return kept?.kind === kind ? kept.object : undefined;
  }
  /** A write begins, of this record; the object that it was written from is given away. `written` says how it ended. */
  coming(kind: Kind, key: Key, drawn: Drawn): void {
    const kept = this.#kept.peek(key);
    if (!kept) this.#kept.set(key, { kind, revision: 0, object: undefined, bytes: 0, coming: drawn, as: kind });
    else {
      kept.coming = drawn;
      kept.as = kind;
    }
  }
  /** The object as it was written at this revision; undefined: it was not, or must be read. */
  written(kind: Kind, key: Key, record: Uint8Array, revision: Revision | undefined): AnyObject | undefined {
    const object = revision === undefined ? undefined : this.get(kind, key, revision, record);
    const kept = this.#kept.peek(key);
    if (kept?.coming?.record === record) this.#came(key, kept);
    return object;
  }
  #came(key: Key, kept: Kept): void {
    kept.coming = undefined;
    if (!kept.object) this.#kept.delete(key);
  }
  #arrived(key: Key, kept: Kept, revision: Revision): AnyObject | undefined {
    const { record, ordered } = kept.coming!;
    const read = ordered && asRead(ordered, revision);
    // an event is hardly ever looked at again
    if (read && kept.as.storedAt !== "events" && revision >= kept.revision) {
      this.#bytes += record.length - kept.bytes;
      kept.kind = kept.as;
      kept.revision = revision;
      kept.object = read;
      kept.bytes = record.length;
    }
    this.#came(key, kept);
    while (this.#bytes > this.#most) this.#drop(this.#kept.oldest!);
    return read;
  }
  /** Everybody has heard that it was deleted at this revision. */
  gone(key: Key, revision: Revision): void {
    const kept = this.#kept.peek(key);
    if (!kept || kept.revision >= revision) return;
    const { coming, as } = kept;
    this.#drop(key);
    // a successor is being written
    if (coming) this.coming(as, key, coming);
  }
  #drop(key: Key): void {
    this.#bytes -= this.#kept.peek(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}
