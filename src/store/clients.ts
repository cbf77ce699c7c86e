/** Clients that do all kinds of things to a store at once, by chance, and write down what they asked for and saw (linearizable.ts checks it). */
import type { Chance } from "#base/chance.ts";
import {
  ALL_KEYS,
  type Batch,
  Compacted,
  type Compare,
  FutureRevision,
  InvalidTxn,
  type Key,
  type Lease,
  LeaseNotFound,
  NoSpace,
  type Op,
  type Revision,
  type Store,
  type StoreEvent,
  type Watch,
} from "./contract.ts";
import type { Attempt, Recording, Watched } from "./linearizable.ts";

export interface ClientOptions {
  readonly chance: Chance;
  /** How many clients, and how many things each does. */
  readonly clients: number;
  readonly operations: number;
  /** Bytes of a value, at most. */
  readonly size: number;
  /** Compactions too, up to the revision that this makes of the last that the record has; and leases of these many seconds. */
  readonly compact?: (seen: Revision) => Revision;
  readonly ttl?: number;
  /** A client goes on after an attempt without an answer; else its store is taken to have failed. */
  readonly goesOn?: boolean;
}
/** A recording that goes on over restarts of its store. */
export interface Record extends Recording {
  readonly changes: Batch[];
  readonly attempts: Attempt[];
  readonly watches: Watched[];
  /** A moment later than all before. */
  moment(): number;
  /** Everything up to here has been seen. */
  revision: Revision;
  /** Told of each attempt when it begins and when it ends, by its place in `attempts`. */
  readonly note?: (at: number, attempt: Attempt) => void;
}
/** `moment`: the last moment before it. */
export function newRecord(moment = 0, note?: Record["note"]): Record {
  return { changes: [], attempts: [], watches: [], moment: () => ++moment, revision: 1, note };
}

const KEYS: readonly Key[] = ["a", "b", "c", "d", "e", "f"];
/** Refusals after which nothing has happened. */
const REFUSALS = [NoSpace, LeaseNotFound, InvalidTxn, Compacted, FutureRevision];
const refused = (error: unknown): boolean => REFUSALS.some(R => error instanceof R);

/** Drives `store` until all clients have done their part, or it fails them; resolves with the error that it failed with. */
export async function drive(store: Store, record: Record, options: ClientOptions): Promise<unknown> {
  const ending = new AbortController();
  const everything = follow(store.watch("", ALL_KEYS, { after: record.revision, signal: ending.signal }), batch => {
    if (batch.events.length > 0) record.changes.push(batch);
    record.revision = batch.revision;
  });
  const clients = Array.from({ length: options.clients }, () => client(store, record, options));
  const ends = await Promise.allSettled(clients);
  const failed = ends.find(e => e.status === "rejected");
  if (!failed) await everything.upTo(store.revision);
  ending.abort();
  await everything.ended;
  return failed?.reason;
}

/** Reads the changes that a store still has and nobody was told of, e.g. after it has been opened again. */
export async function catchUp(store: Store, record: Record): Promise<void> {
  const ending = new AbortController();
  const rest = follow(store.watch("", ALL_KEYS, { after: record.revision, signal: ending.signal }), batch => {
    if (batch.events.length > 0) record.changes.push(batch);
    record.revision = batch.revision;
  });
  await rest.upTo(store.revision);
  ending.abort();
  await rest.ended;
}

/** Reads a watch as it goes; `upTo` resolves when it has vouched for a revision. */
function follow(watch: Watch, each: (batch: Batch) => void) {
  let seen = 0;
  let over = false;
  const waiting: { readonly revision: Revision; readonly done: () => void }[] = [];
  const settle = () => {
    for (const w of waiting.filter(w => over || seen >= w.revision)) {
      waiting.splice(waiting.indexOf(w), 1);
      w.done();
    }
  };
  const ended = (async () => {
    try {
      for await (const batch of watch) {
        each(batch);
        seen = batch.revision;
        settle();
      }
    } catch {
      // The store failed, or the watch fell behind what is retained: what came before counts.
    }
    over = true;
    settle();
  })();
  return {
    ended,
    upTo: (revision: Revision) =>
      new Promise<void>(done => {
        waiting.push({ revision, done });
        settle();
        watch.progress();
      }),
  };
}

async function client(store: Store, record: Record, { chance, operations, size, compact, ttl, goesOn }: ClientOptions): Promise<void> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance.next() * list.length)]!;
  const upTo = (n: number) => Math.floor(chance.next() * n);
  /** What this client last saw of a key: compares that may hold. */
  const known = new Map<Key, Revision>();
  let lease: Lease | undefined;

  const attempt = async (asked: Attempt["asked"], work: () => Promise<Attempt["outcome"]>) => {
    const at = record.attempts.length;
    const says = (attempt: Attempt) => {
      record.attempts[at] = attempt;
      record.note?.(at, attempt);
    };
    const began = record.moment();
    says({ began, asked, outcome: { kind: "unknown" } });
    try {
      const outcome = await work();
      says({ began, ended: record.moment(), asked, outcome });
      return outcome;
    } catch (error) {
      if (refused(error)) says({ began, asked, outcome: { kind: "refused" } });
      else if (!goesOn) throw error;
      return undefined;
    }
  };
  const value = () => chance.bytes(8 + upTo(size));
  const put = (key: Key): Op => ({
    op: "put",
    key,
    value: value(),
    ...(lease && chance.next() < 0.3 && { lease: lease.id }),
    previous: chance.next() < 0.5,
  });
  const txn = async (compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []) => {
    const asked = { what: "txn", compare, then, otherwise } as const;
    const outcome = await attempt(asked, async () => ({ kind: "txn", ...(await store.txn(compare, then, otherwise)) }));
    if (outcome?.kind === "txn")
      for (const op of outcome.succeeded ? then : otherwise) if (op.op === "put") known.set(op.key, outcome.revision);
  };
  const range = (from: Key, to: Key, limit: number, at?: Revision) =>
    attempt({ what: "range", from, to, limit, at }, async () => {
      const { entries, count, revision } = await store.range(from, to, { limit, revision: at });
      return { kind: "range", entries, count, revision };
    });
  const between = (): readonly [Key, Key] => {
    const ends = [pick(KEYS), pick(KEYS)].sort() as [Key, Key];
    return ends[0] === ends[1] ? [ends[0], `${ends[0]}\0`] : ends;
  };

  const acts: readonly (readonly [weight: number, act: () => Promise<unknown>])[] = [
    [30, () => txn([], [put(pick(KEYS))])],
    [8, () => txn([], [{ op: "delete", key: pick(KEYS), previous: true }])],
    [
      3,
      () =>
        txn(
          [],
          [
            { op: "delete", key: between()[0], to: between()[1] },
            { op: "get", key: "a", to: "z" },
          ],
        ),
    ],
    [
      20,
      () => {
        const key = pick(KEYS);
        const than = known.get(key) ?? 0;
        return txn([{ key, target: "mod", is: "=", than }], [put(key), { op: "get", key }], [{ op: "get", key: "a", to: "z", limit: 2 }]);
      },
    ],
    [8, () => txn([], [put("a"), put("b"), { op: "get", key: "a" }, { op: "delete", key: pick(["c", "d"]) }])],
    [15, () => range(...between(), upTo(4))],
    [5, () => range("", ALL_KEYS, 0, Math.max(1, record.revision - upTo(20)))],
    [ttl ? 3 : 0, async () => (lease = await store.grant(ttl!))],
    [ttl ? 2 : 0, () => (lease ? revoke(lease) : Promise.resolve())],
    [compact ? 1 : 0, () => store.compact(Math.max(1, compact!(record.revision)))],
    [3, () => look(...between())],
  ];
  const revoke = async ({ id }: Lease) => {
    lease = undefined;
    await attempt({ what: "revoke", lease: id }, async () => {
      await store.revoke(id);
      return { kind: "revoked" };
    });
  };
  /** A watch from some revision back to what is there now. */
  const look = async (from: Key, to: Key) => {
    const after = Math.max(1, record.revision - upTo(20));
    const ending = new AbortController();
    const events: StoreEvent[] = [];
    let until = 0;
    const watch = follow(store.watch(from, to, { after, previous: true, signal: ending.signal }), batch => {
      events.push(...batch.events);
      until = batch.revision;
    });
    await watch.upTo(store.revision);
    ending.abort();
    await watch.ended;
    if (until > 0) record.watches.push({ from, to, after, until, events });
  };

  const total = acts.reduce((sum, [weight]) => sum + weight, 0);
  for (let i = 0; i < operations; i++) {
    let left = chance.next() * total;
    const [, act] = acts.find(([weight]) => {
      left -= weight;
      return left < 0;
    })!;
    await act().catch(error => {
      if (!refused(error) && !goesOn) throw error;
    });
  }
}
