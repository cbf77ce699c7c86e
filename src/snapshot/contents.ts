/** A store's whole content as a stream (store/contract.ts, Retained), read from any store with nothing but the contract. */
import { ALL_KEYS, LeaseNotFound, type Retained, type Revision, type Store } from "#store/contract.ts";
import { lastLeaseAfter } from "#store/lease.ts";

/**
 * What `store` holds at its newest revision, as `LocalStore.retained` gives it, but for `meta`. Throws Compacted when a compaction
 * overtakes it: it has to be begun anew.
 */
export async function* retainedOf(store: Store): AsyncGenerator<Retained> {
  const { revision, compacted } = store;
  const leases = await store.leases();
  yield { kind: "head", revision, compacted, lastLease: leases.reduce(lastLeaseAfter, 0) };
  if (compacted > 0) for await (const entries of store.scan("", ALL_KEYS, { revision: compacted })) yield { kind: "entries", entries };
  yield* changesOf(store, compacted, revision);
  for (const id of leases) {
    const lease = await store.timeToLive(id).catch(error => {
      if (!(error instanceof LeaseNotFound)) throw error;
    });
    if (lease) yield { kind: "lease", lease: { id, ttl: lease.ttl } };
  }
}
type Changes = Extract<Retained, { readonly kind: "changes" }>;
/** The changes after one revision and up to another, which is there already. */
export async function* changesOf(store: Store, after: Revision, until: Revision): AsyncGenerator<Changes> {
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
