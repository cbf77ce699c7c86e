/** Follows the store, write by write, and asks every invariant. */

import { prefixOf } from "#apiserver/keys.ts";
import { objectOf } from "#apiserver/record.ts";
import { kinds } from "#kinds/all.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Link } from "#sim/link.ts";
import { ALL_KEYS, type Entry, type Store } from "#store/contract.ts";
import type { Breach, Change, Check, Invariant, Seen } from "./invariant.ts";

export interface Checker {
  readonly breaches: readonly Breach[];
  /** Everything is quiet: what holds only then is looked at. */
  quiet(): void;
  /** Follows another store that holds what the last one held. */
  follow(store: Store): void;
  close(): void;
}
export interface CheckerParts {
  readonly invariants: readonly Invariant[];
  readonly store: Store;
  readonly link: Link;
  readonly now: () => number;
  readonly runsOn: (podUid: string) => readonly string[];
  readonly isRequestedDeletion: (revision: number) => boolean;
}
interface Item {
  readonly kind: Kind;
  readonly entry: Entry;
  object: KubeObject | undefined;
}

export function checker(parts: CheckerParts): Checker {
  const { now, link } = parts;
  const stored = kinds.filter(k => k.verbs.length > 0 && !k.ephemeral && !k.storedAs);
  const folders = stored.map(kind => ({ kind, prefix: prefixOf(kind) }));
  const items = new Map<Kind, Map<string, Item>>(stored.map(k => [k, new Map()]));
  const revisions = new Map<Kind, number[]>(stored.map(k => [k, []]));
  const keys = new Map<number, string>();
  const breaches: Breach[] = [];
  let ending = new AbortController();
  let position = 0;

  const parsed = (item: Item | undefined) => {
    if (!item) return undefined;
    item.object ??= objectOf(item.kind, item.entry.value, item.entry.modRevision);
    return item.object;
  };
  const seen: Seen = {
    now,
    list: <T extends KubeObject>(kind: Kind<T>) => [...(items.get(kind as unknown as Kind)?.values() ?? [])].map(item => parsed(item) as T),
    *all() {
      for (const own of items.values()) for (const item of own.values()) yield { kind: item.kind, object: parsed(item)! };
    },
    runsOn: parts.runsOn,
    isRequestedDeletion: parts.isRequestedDeletion,
    revisionsOf: kind => revisions.get(kind) ?? [],
    keyAt: revision => keys.get(revision),
  };
  const checks: { readonly name: string; readonly check: Check }[] = parts.invariants.map(i => ({ name: i.name, check: i.begin(seen) }));
  const say = (name: string, says: string | undefined, revision: number | undefined) => {
    if (says !== undefined) breaches.push({ invariant: name, says, at: now(), revision });
  };

  function take(entry: Entry, isPut: boolean): void {
    const folder = folders.find(f => entry.key.startsWith(f.prefix));
    // beside the object a transaction may write what belongs to it: its note in the journal, its addresses
    if (!folder) return;
    keys.set(entry.modRevision, entry.key);
    const { kind, prefix } = folder;
    revisions.get(kind)?.push(entry.modRevision);
    const own = items.get(kind)!;
    const before = own.get(entry.key);
    const item = isPut ? { kind, entry, object: undefined } : undefined;
    if (item) own.set(entry.key, item);
    else own.delete(entry.key);
    const change: Change = {
      revision: entry.modRevision,
      kind,
      key: entry.key.slice(prefix.length),
      get object() {
        return parsed(item);
      },
      get old() {
        return parsed(before);
      },
    };
    for (const { name, check } of checks) say(name, check.wrote?.(change), entry.modRevision);
  }
  async function follow(store: Store, signal: AbortSignal): Promise<void> {
    if (position === 0) {
      const { entries, revision } = await store.range("", ALL_KEYS);
      for (const entry of entries) take(entry, true);
      position = revision;
    }
    for await (const { revision, events } of store.watch("", ALL_KEYS, { after: position, signal })) {
      for (const { type, entry } of events) take(entry, type === "put");
      position = Math.max(position, revision);
    }
  }
  const listeners = checks.flatMap(({ check }) => (check.delivered ? [check.delivered.bind(check)] : []));
  for (const listener of listeners) link.listeners.add(listener);
  const begin = (store: Store): void => {
    ending.abort();
    ending = new AbortController();
    const { signal } = ending;
    if (store.revision < position)
      say("every acknowledged write is readable", `revision ${position} had been seen; the store came back at ${store.revision}`, position);
    follow(store, signal).catch(error => {
      if (!signal.aborted) say("the store's watch", String(error), position);
    });
  };
  begin(parts.store);
  return {
    breaches,
    follow: begin,
    quiet() {
      for (const { name, check } of checks) say(name, check.quiet?.(), undefined);
    },
    close() {
      ending.abort();
      for (const listener of listeners) link.listeners.delete(listener);
    },
  };
}
