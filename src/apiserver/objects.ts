import type { Objects } from "#apiserver/call.ts";
import type { Feed } from "#apiserver/feed.ts";
import { whileKept } from "#apiserver/journal.ts";
import { objectKey, prefixOf, ROOT, rangeOf } from "#apiserver/keys.ts";
import type { Parsed } from "#apiserver/parsed.ts";
import { objectOf } from "#apiserver/record.ts";
import { limits } from "#base/limits.ts";
import { Named } from "#base/named.ts";
import { freeze } from "#base/plain.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Key, Revision, Store } from "#store/contract.ts";

interface Held {
  readonly record: Uint8Array | undefined;
  readonly revision: Revision;
  object?: KubeObject;
}
type Watcher = (object: KubeObject, gone: boolean) => void;
class Folder {
  readonly kind: Kind;
  readonly held = new Map<Key, Held>();
  readonly watchers = new Set<Watcher>();
  constructor(kind: Kind) {
    this.kind = kind;
  }
}

/** The apiserver's own view of objects, in memory as bytes and parsed on use; never behind its own acknowledged writes. */
export class LiveObjects implements Objects {
  private readonly folders = new Map<string, Folder>();
  /** Of what is asked for again and again: namespaces and roles, mostly. */
  private readonly keys = new Named<Key>(limits.knownKeys);
  private readonly store: Store;
  private readonly parsed: Parsed;
  private feed: Feed | undefined;

  /** `kinds`: those to hold; of several versions of one kind the stored one. */
  constructor(store: Store, kinds: readonly Kind[], parsed: Parsed) {
    this.store = store;
    this.parsed = parsed;
    for (const kind of kinds) this.folders.set(kind.storedAt, new Folder(kind));
  }
  /** Follows the feed, which must be started from what `read` returns. */
  follow(feed: Feed): void {
    this.feed = feed;
    for (const folder of this.folders.values())
      feed.subscribe(folder.kind.storedAt, c => this.set(folder, c.key, c.record, c.revision, true));
  }
  /** Reads all that stands; the revision it stood at. What was held and is there no more goes. */
  read(): Promise<Revision> {
    return whileKept(this.store, async revision => {
      for (const folder of this.folders.values()) {
        const { from, to } = rangeOf(folder.kind);
        const gone = new Set(folder.held.keys());
        for await (const entries of this.store.scan(from, to, { revision }))
          for (const e of entries) {
            gone.delete(e.key);
            this.set(folder, e.key, e.value, e.modRevision, true);
          }
        for (const key of gone) this.set(folder, key, undefined, revision, true);
      }
      return revision;
    });
  }
  /** A write of our own that the store has acknowledged. */
  wrote(kind: Kind, key: Key, record: Uint8Array | undefined, revision: Revision): void {
    const folder = this.folders.get(kind.storedAt);
    // What the feed has passed it has brought already.
    if (folder && this.feed && revision > this.feed.position) this.set(folder, key, record, revision);
  }

  get<T extends KubeObject>(kind: Kind<T>, name: string, namespace = ""): T | undefined {
    const folder = this.folderOf(kind);
    const key = this.keyOf(kind, namespace, name);
    const held = folder.held.get(key);
    return held?.record && (this.shown(folder, key, held) as T);
  }
  list<T extends KubeObject>(kind: Kind<T>, namespace = ""): readonly T[] {
    const folder = this.folderOf(kind);
    const prefix = namespace ? prefixOf(kind, namespace) : "";
    const out: T[] = [];
    for (const [key, held] of folder.held) if (held.record && key.startsWith(prefix)) out.push(this.shown(folder, key, held) as T);
    return out;
  }
  async caughtUp(): Promise<void> {
    await this.store.get(ROOT);
    await this.feed?.reached(this.store.revision);
  }
  onChange<T extends KubeObject>(kind: Kind<T>, changed: (object: T, gone: boolean) => void): () => void {
    const folder = this.folderOf(kind);
    folder.watchers.add(changed as Watcher);
    return () => folder.watchers.delete(changed as Watcher);
  }

  private keyOf(kind: Kind, namespace: string, name: string): Key {
    let key = this.keys.get(kind, namespace, name);
    if (key === undefined) {
      key = objectKey(kind, namespace, name);
      this.keys.set(kind, namespace, name, key);
    }
    return key;
  }
  private folderOf(kind: Kind): Folder {
    const folder = this.folders.get(kind.storedAt);
    if (!folder) throw new Error(`the apiserver holds no ${kind.plural} in memory`);
    return folder;
  }
  private shown({ kind }: Folder, key: Key, held: Held): KubeObject {
    held.object ??= this.parsed.get(kind, key, held.revision, held.record!) ?? freeze(objectOf(kind, held.record!, held.revision));
    return held.object;
  }
  private set(folder: Folder, key: Key, record: Uint8Array | undefined, revision: Revision, fed = false): void {
    const was = folder.held.get(key);
    if (was && was.revision >= revision) {
      // A deletion of our own is remembered until the feed has passed it.
      if (fed && !was.record && was.revision === revision) folder.held.delete(key);
      return;
    }
    if (record || !fed) folder.held.set(key, { record, revision });
    else folder.held.delete(key);
    if (folder.watchers.size === 0) return;
    if (record) {
      const object = this.shown(folder, key, folder.held.get(key)!);
      for (const w of [...folder.watchers]) w(object, false);
    } else if (was?.record) {
      const object = this.shown(folder, key, was);
      for (const w of [...folder.watchers]) w(object, true);
    }
  }
}
