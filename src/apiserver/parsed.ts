/**
 * Objects as they were last written or read for a write here: parsed once and frozen, for watches, views and the next write to share. Of
 * so many bytes of records those are kept that were used last.
 */
import type { AnyObject } from "#apiserver/registry.ts";
import { limits } from "#base/limits.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Key, Revision } from "#store/contract.ts";

interface Kept {
  readonly kind: Kind;
  readonly revision: Revision;
  readonly object: AnyObject;
  readonly bytes: number;
}
export class Parsed {
  readonly #kept = new Map<Key, Kept>();
  readonly #most: number;
  #bytes = 0;
  constructor(most: number = limits.parsedObjects) {
    this.#most = most;
  }
  /** The object at exactly this revision, if it is here. */
  get(kind: Kind, key: Key, revision: Revision): AnyObject | undefined {
    const kept = this.#kept.get(key);
    if (kept?.revision !== revision || kept.kind !== kind) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.object;
  }
  /** `object` is frozen throughout; `bytes`: of its record. */
  keep(kind: Kind, key: Key, revision: Revision, object: AnyObject, bytes: number): void {
    const was = this.#kept.get(key);
    if (was && was.revision > revision) return;
    this.drop(key);
    this.#kept.set(key, { kind, revision, object, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#most) return;
      this.drop(oldest);
    }
  }
  drop(key: Key): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
