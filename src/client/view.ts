/**
 * A view's contents: one kind's objects by key, with indexes, kept in the order of revisions.
 *
 * Two sources feed it: the watch, and this process's own acknowledged writes, which run ahead of it. Whichever is newer by
 * resourceVersion stands (revisions are comparable integers); an object that was deleted by an own write stays gone, by its uid,
 * until the watch has passed the deletion. So a loop never decides from a state older than what it wrote.
 */
import { assert } from "#base/assert.ts";
import { freeze } from "#base/plain.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";

/** `object` absent: deleted. `old` absent: new. Both are there when one was replaced. */
export interface Change<T> {
  readonly object: T | undefined;
  readonly old: T | undefined;
}
export type Changed<T> = (change: Change<T>) => void;
/** Two states of an object are told apart by what this gives. */
export type TellsApart<T> = (object: T) => string | undefined;
type IndexFunction<T> = (object: T) => readonly string[];
interface Index<T> {
  readonly keysOf: IndexFunction<T>;
  /** Objects by their keys; made when it is first read. */
  buckets: Buckets<T> | undefined;
}
type UsedIndex<T> = Index<T> & { readonly buckets: Buckets<T> };
type Buckets<T> = Map<string, Map<string, T>>;

/** What loops read: one kind's frozen objects. */
export interface View<T extends KubeObject> {
  readonly kind: Kind<T>;
  get(name: string, namespace?: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects under `key` of an index that `index` declared. */
  by(index: string, key: string): readonly T[];
  /** Declares an index by any function; declaring the same name again is free. */
  index(name: string, keysOf: IndexFunction<T>): void;
  /** Calls back on each change, first for every object that is there; the result ends it. */
  onChange(changed: Changed<T>): () => void;
  /**
   * From now on it is known when what `of` tells of each object arrived here: what clocks elsewhere say may differ. A view has one such
   * function; declaring it again is free.
   */
  timed(of: TellsApart<T>): void;
  /** Milliseconds, wall clock; of a view that is timed. */
  arrivedAt(name: string, namespace?: string): number | undefined;
  readonly synced: boolean;
  /** Resolves when the first full state has arrived. */
  ready(): Promise<void>;
  readonly size: number;
}

/** Built into every view: objects by the uid of each owner. */
export const BY_OWNER = "owner";
const BY_NAMESPACE = "namespace";

/** "namespace/name", or "name" for cluster-scoped objects. */
export function keyOf(object: { readonly metadata: { readonly name?: string; readonly namespace?: string } }): string {
  return key(object.metadata.name ?? "", object.metadata.namespace);
}
export function key(name: string, namespace?: string): string {
  return namespace ? `${namespace}/${name}` : name;
}
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
/** A revision as a number. Revisions of this server stay far below 2^53; anything else counts as 0. */
export function revisionOf(object: { readonly metadata: { readonly resourceVersion?: string } }): number {
  const n = Number(object.metadata.resourceVersion ?? 0);
  return Number.isSafeInteger(n) ? n : 0;
}

export class Contents<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  /** Those of them that have been read. */
  readonly #used: UsedIndex<T>[] = [];
  readonly #listeners = new Set<Changed<T>>();
  /** Uids that an own write deleted and the watch has not yet passed. */
  readonly #gone = new Set<string>();
  /** Everything up to this revision has been seen from the server. */
  #passed = 0;

  #timed: { readonly of: TellsApart<T>; readonly now: () => number; readonly arrivals: Map<string, number> } | undefined;

  constructor() {
    this.index(BY_OWNER, o => o.metadata.ownerReferences?.map(r => r.uid) ?? NOWHERE);
    this.index(BY_NAMESPACE, o => [o.metadata.namespace ?? ""]);
  }
  get size(): number {
    return this.#objects.size;
  }
  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(key(name, namespace));
  }
  list(namespace?: string): readonly T[] {
    return namespace ? this.by(BY_NAMESPACE, namespace) : [...this.#objects.values()];
  }
  by(index: string, at: string): readonly T[] {
    const found = this.#indexes.get(index);
    assert(found, `the index "${index}" is declared before it is read`);
    if (!found.buckets) {
      found.buckets = this.#buckets(found.keysOf);
      this.#used.push(found as UsedIndex<T>);
    }
    return [...(found.buckets.get(at)?.values() ?? [])];
  }
  index(name: string, keysOf: IndexFunction<T>): void {
    if (!this.#indexes.has(name)) this.#indexes.set(name, { keysOf, buckets: undefined });
  }
  #buckets(keysOf: IndexFunction<T>): Buckets<T> {
    const buckets: Buckets<T> = new Map();
    for (const [at, object] of this.#objects) for (const under of keysOf(object)) enter(buckets, at, under, object);
    return buckets;
  }
  timed(of: TellsApart<T>, now: () => number): void {
    this.#timed ??= { of, now, arrivals: new Map([...this.#objects.keys()].map(at => [at, now()])) };
  }
  arrivedAt(name: string, namespace?: string): number | undefined {
    return this.#timed?.arrivals.get(key(name, namespace));
  }
  onChange(changed: Changed<T>): () => void {
    this.#listeners.add(changed);
    for (const object of this.#objects.values()) changed({ object, old: undefined });
    return () => this.#listeners.delete(changed);
  }

  /** From the watch: the object is so since its revision. */
  put(object: T): void {
    this.passed(revisionOf(object));
    this.#set(object);
  }
  /** From the watch: the object is gone; `object` is its last state, with the revision of the deletion. */
  drop(object: T): void {
    this.passed(revisionOf(object));
    if (object.metadata.uid) this.#gone.delete(object.metadata.uid);
    const at = keyOf(object);
    const old = this.#objects.get(at);
    // a successor of the same name, written by ourselves, may be here already
    if (old && (old.metadata.uid === object.metadata.uid || revisionOf(old) <= revisionOf(object))) this.#remove(at, old);
  }
  /** From the watch: nothing up to this revision is still to come. */
  passed(revision: number): void {
    if (revision > this.#passed) this.#passed = revision;
  }
  /** From the list at `revision` that a new watch goes on from: what it lacks is gone, unless it is newer than the list. */
  replace(objects: readonly T[], revision: number): void {
    this.passed(revision);
    const lacking = this.#take(objects, revision, undefined);
    for (const object of lacking) this.#remove(keyOf(object), object);
    const uids = new Set(objects.map(o => o.metadata.uid));
    for (const uid of this.#gone) if (!uids.has(uid)) this.#gone.delete(uid);
  }
  /** From a list read live at `revision` (of all, or of one namespace), which the watch has yet to catch up with. */
  overtake(objects: readonly T[], revision: number, namespace?: string): void {
    for (const object of this.#take(objects, revision, namespace))
      this.deleted(object.metadata.uid ?? "", object.metadata.name ?? "", object.metadata.namespace);
  }
  /** An own write that the server acknowledged. What the watch has passed already it knows better: the object may be gone since. */
  wrote(object: T): void {
    if (revisionOf(object) > this.#passed) this.#set(object);
  }
  /** An own deletion that the server acknowledged, or found done. */
  deleted(uid: string, name: string, namespace?: string): void {
    const at = key(name, namespace);
    const old = this.#objects.get(at);
    if (!old || old.metadata.uid !== uid) return;
    if (uid) this.#gone.add(uid);
    this.#remove(at, old);
  }

  /** Takes listed objects; returns those that the list lacks though it is not older. */
  #take(objects: readonly T[], revision: number, namespace: string | undefined): T[] {
    const listed = new Set(objects.map(keyOf));
    for (const object of objects) this.#set(object);
    return this.list(namespace).filter(o => !listed.has(keyOf(o)) && revisionOf(o) <= revision);
  }
  #set(object: T): void {
    if (this.#gone.size > 0 && this.#gone.has(object.metadata.uid ?? "")) return;
    const at = keyOf(object);
    const old = this.#objects.get(at);
    if (old && revisionOf(old) >= revisionOf(object)) return;
    freeze(object);
    for (const index of this.#used) move(index, at, old, object);
    this.#objects.set(at, object);
    if (this.#timed && (!old || this.#timed.of(old) !== this.#timed.of(object))) this.#timed.arrivals.set(at, this.#timed.now());
    this.#tell({ object, old });
  }
  #tell(change: Change<T>): void {
    for (const changed of this.#listeners) changed(change);
  }
  #remove(at: string, old: T): void {
    this.#objects.delete(at);
    this.#timed?.arrivals.delete(at);
    for (const { keysOf, buckets } of this.#used) for (const under of keysOf(old)) leave(buckets, at, under);
    this.#tell({ object: undefined, old });
  }
}

/** From where the old state stands in an index to where the new one belongs, which is mostly the same. */
function move<T>({ keysOf, buckets }: UsedIndex<T>, at: string, old: T | undefined, object: T): void {
  const to = keysOf(object);
  if (old !== undefined) for (const under of keysOf(old)) if (!to.includes(under)) leave(buckets, at, under);
  for (const under of to) enter(buckets, at, under, object);
}
const NOWHERE: readonly string[] = [];
function enter<T>(buckets: Buckets<T>, at: string, under: string, object: T): void {
  const bucket = buckets.get(under);
  if (bucket) bucket.set(at, object);
  else buckets.set(under, new Map([[at, object]]));
}
function leave<T>(buckets: Buckets<T>, at: string, under: string): void {
  const bucket = buckets.get(under);
  bucket?.delete(at);
  if (bucket?.size === 0) buckets.delete(under);
}
