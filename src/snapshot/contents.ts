/** A store's whole content as a stream (store/contract.ts, Retained), read from any store with nothing but the contract. */
import { ALL_KEYS, LeaseNotFound, type Retained, type RetainedChanges, type Revision, type Store } from "#store/contract.ts";
import { lastLeaseAfter } from "#store/lease.ts";

/** Revisions that are few enough to be read while writes are held off, and rounds in which they are brought down to that. */
const FEW = 200;
const ROUNDS = 20;

/**
 * What `store` holds at its newest revision, as `LocalStore.retained` gives it, but for `meta`. With `hold` it goes on behind the
 * revision of its head, with what is written meanwhile: `hold` resolves when nothing more is, but for leases that run out. Throws
 * Compacted when a compaction overtakes it: it has to be begun anew.
 */
export async function* retainedOf(store: Store, hold?: () => Promise<void>): AsyncGenerator<Retained> {
  const { revision, compacted } = store;
  yield { kind: "head", revision, compacted, lastLease: (await store.leases()).reduce(lastLeaseAfter, 0) };
  if (compacted > 0) for await (const entries of store.scan("", ALL_KEYS, { revision: compacted })) yield { kind: "entries", entries };
  yield* changesOf(store, compacted, revision);
  if (hold) {
    let at = revision;
    for (let round = 0; round < ROUNDS; round++) {
      const until = await newestOf(store);
      if (until - at <= FEW) break;
      yield* changesOf(store, at, until);
      at = until;
    }
    await hold();
    for (let until = await newestOf(store); until > at; until = await newestOf(store)) {
      yield* changesOf(store, at, until);
      at = until;
    }
  }
  for (const id of await store.leases()) {
    const lease = await store.timeToLive(id).catch(error => {
      if (!(error instanceof LeaseNotFound)) throw error;
    });
    if (lease) yield { kind: "lease", lease: { id, ttl: lease.ttl } };
  }
}
/** Asked of the store anew: others may write to it, too. */
export async function newestOf(store: Store): Promise<Revision> {
  return (await store.range("\0", "\0\0", { limit: 1, keysOnly: true })).revision;
}
/** The changes after one revision and up to another, which is there already. */
export async function* changesOf(store: Store, after: Revision, until: Revision): AsyncGenerator<RetainedChanges> {
  if (until <= Math.max(after, 1)) return;
  const ending = new AbortController();
  // A watch after nothing would begin now; there are no events of revision 1.
  const watch = store.watch("", ALL_KEYS, { after: Math.max(after, 1), signal: ending.signal });
  watch.progress();
  try {
    for await (const batch of watch) {
      for (let at = 0; at < batch.events.length; ) {
        const revision = batch.events[at]!.entry.modRevision;
        if (revision > until) return;
        let end = at + 1;
        while (end < batch.events.length && batch.events[end]!.entry.modRevision === revision) end++;
        yield { kind: "changes", revision, events: batch.events.slice(at, end) };
        at = end;
      }
      if (batch.revision >= until) return;
    }
  } finally {
    ending.abort();
  }
}
