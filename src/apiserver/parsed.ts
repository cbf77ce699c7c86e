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

interface Kept {
  readonly kind: Kind;
  readonly revision: Revision;
  readonly object: AnyObject;
  readonly bytes: number;
}
export class Parsed {
  readonly #kept = new UsedMap<Key, Kept>();
  readonly #most: number;
  #bytes = 0;
  /** What is being written: whoever hears of the change may do so before the writer. */
  readonly #coming = new Map<Key, { readonly kind: Kind; readonly drawn: Drawn }>();
  constructor(most: number = limits.parsedObjects) {
    this.#most = most;
  }
  /** The object of this record, written at exactly this revision, if it is here. */
  get(kind: Kind, key: Key, revision: Revision, record: Uint8Array): AnyObject | undefined {
    const kept = this.#kept.peek(key);
    if (kept?.revision !== revision || kept.kind !== kind) {
      const coming = this.#coming.get(key);
      return coming?.drawn.record === record && coming.kind === kind ? this.#arrived(key, revision) : undefined;
    }
    this.#kept.get(key);
    return kept.object;
  }
  /** The object as it was last seen here; others may have written it since. */
  last(kind: Kind, key: Key): AnyObject | undefined {
    const kept = this.#kept.peek(key);
    return kept?.kind === kind ? kept.object : undefined;
  }
  /** A write begins, of this record; the object that it was written from is given away. `written` says how it ended. */
  coming(kind: Kind, key: Key, drawn: Drawn): void {
    this.#coming.set(key, { kind, drawn });
  }
  /** The object as it was written at this revision; undefined: it was not, or must be read. */
  written(kind: Kind, key: Key, record: Uint8Array, revision: Revision | undefined): AnyObject | undefined {
    const object = revision === undefined ? undefined : this.get(kind, key, revision, record);
    if (this.#coming.get(key)?.drawn.record === record) this.#coming.delete(key);
    return object;
  }
  #arrived(key: Key, revision: Revision): AnyObject | undefined {
    const {
      kind,
      drawn: { record, ordered },
    } = this.#coming.get(key)!;
    this.#coming.delete(key);
    if (!ordered) return undefined;
    const read = asRead(ordered, revision);
    // an event is hardly ever looked at again
    if (kind.storedAt !== "events") this.#keep(kind, key, revision, read, record.length);
    return read;
  }
  #keep(kind: Kind, key: Key, revision: Revision, object: AnyObject, bytes: number): void {
    const was = this.#kept.peek(key);
    if (was && was.revision > revision) return;
    this.drop(key);
    this.#kept.set(key, { kind, revision, object, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#most) this.drop(this.#kept.oldest!);
  }
  /** Everybody has heard that it was deleted at this revision. */
  gone(key: Key, revision: Revision): void {
    const kept = this.#kept.peek(key);
    if (kept && kept.revision < revision) this.drop(key);
  }
  private drop(key: Key): void {
    const kept = this.#kept.peek(key);
    if (!kept) return;
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
