/**
 * Whether what clients saw of a store can have come from one that does a thing at a time, in an order that agrees with real time
 * (linearizability, Herlihy and Wing 1990). A store tells the revision of everything it does, so the order is known and the check
 * is one pass: replay the changes by revision, hold each answer against them, and see that revisions never run against time.
 */
import {
  ALL_KEYS,
  type Batch,
  type Compare,
  type Entry,
  InvalidTxn,
  type Key,
  type LeaseId,
  type Op,
  type OpResult,
  type Revision,
  type StoreEvent,
} from "./contract.ts";
import { compareBytes, type Draft, evaluate, type Outcome } from "./txn.ts";

/** Something a client asked for. `began` and `ended` are moments of one clock; each moment is given once. */
export interface Attempt {
  readonly began: number;
  /** Undefined: no answer came. */
  readonly ended?: number;
  readonly asked:
    | { readonly what: "txn"; readonly compare: readonly Compare[]; readonly then: readonly Op[]; readonly otherwise: readonly Op[] }
    /** `at`: the revision asked for; undefined: the newest. */
    | { readonly what: "range"; readonly from: Key; readonly to: Key; readonly limit: number; readonly at?: Revision }
    | { readonly what: "revoke"; readonly lease: LeaseId };
  readonly outcome:
    | { readonly kind: "txn"; readonly succeeded: boolean; readonly revision: Revision; readonly results: readonly OpResult[] }
    | { readonly kind: "range"; readonly entries: readonly Entry[]; readonly count: number; readonly revision: Revision }
    | { readonly kind: "revoked" }
    /** It was refused: nothing of it may have happened. */
    | { readonly kind: "refused" }
    /** It may have happened or not. */
    | { readonly kind: "unknown" };
}
/** What one watch of [from, to) was given; it must be all there was above `after`, up to `until`. */
export interface Watched {
  readonly from: Key;
  readonly to: Key;
  readonly after: Revision;
  /** The last revision that it vouched for. */
  readonly until: Revision;
  readonly events: readonly StoreEvent[];
}
export interface Recording {
  /** Every change from revision 2 on, in batches as a watch of everything gave them. */
  readonly changes: readonly Batch[];
  readonly attempts: readonly Attempt[];
  readonly watches: readonly Watched[];
}

/** What does not hold, a sentence each; none: the recording is linearizable. */
export function violations({ changes, attempts, watches }: Recording): string[] {
  const found: string[] = [];
  const past = new Past();
  for (const event of changes.flatMap(b => b.events)) past.add(event, found);
  const explained = new Map<Revision, Attempt>();
  const revised = attempts.flatMap(attempt => {
    const revision = answered(attempt, past, explained, found);
    return revision === undefined ? [] : [{ attempt, revision }];
  });
  unexplained(attempts, past, explained, found);
  againstTime(revised, found);
  for (const watched of watches) watchedAll(watched, past, found);
  return found;
}

/** Every version of every key. */
class Past {
  readonly #versions = new Map<Key, { readonly revision: Revision; readonly entry: Entry | undefined }[]>();
  readonly #changes: StoreEvent[][] = [];
  #keys: Key[] = [];
  newest: Revision = 1;

  add(event: StoreEvent, found: string[]): void {
    const { key, modRevision: revision } = event.entry;
    if (revision !== this.newest && revision !== this.newest + 1) found.push(`after revision ${this.newest} came a change of ${revision}`);
    this.newest = revision;
    const before = this.at(key, revision - 1);
    const entry = event.type === "put" ? event.entry : undefined;
    if (entry) {
      const version = (before?.version ?? 0) + 1;
      const created = before?.createRevision ?? revision;
      if (entry.version !== version || entry.createRevision !== created)
        found.push(
          `revision ${revision}: ${key} has version ${entry.version} since ${entry.createRevision}, not ${version} since ${created}`,
        );
    } else if (!before) found.push(`revision ${revision} deleted ${key}, which was not there`);
    let versions = this.#versions.get(key);
    if (!versions) {
      versions = [];
      this.#versions.set(key, versions);
      this.#keys = [...this.#versions.keys()].sort();
    }
    versions.push({ revision, entry });
    this.#changes[revision] ??= [];
    this.#changes[revision].push(event);
  }
  at(key: Key, revision: Revision): Entry | undefined {
    return this.#versions.get(key)?.findLast(v => v.revision <= revision)?.entry;
  }
  range(from: Key, to: Key, revision: Revision): Entry[] {
    return this.#keys.filter(k => k >= from && k < to).flatMap(k => this.at(k, revision) ?? []);
  }
  changes(revision: Revision): readonly StoreEvent[] {
    return this.#changes[revision] ?? [];
  }
}

/** What a transaction does to the state after `before`; undefined: it would have been refused. */
function carriedOut(
  { compare, then, otherwise }: Extract<Attempt["asked"], { what: "txn" }>,
  past: Past,
  before: Revision,
): Outcome | undefined {
  const own = new Map<Key, Entry | undefined>();
  const range = (from: Key, to: Key) => {
    const rest = past.range(from, to, before).filter(e => !own.has(e.key));
    const written = [...own.values()].filter(e => e !== undefined && e.key >= from && e.key < to) as Entry[];
    return [...rest, ...written].sort((x, y) => (x.key < y.key ? -1 : 1));
  };
  const draft: Draft = {
    revision: before,
    compacted: 0,
    get: key => (own.has(key) ? own.get(key) : past.at(key, before)),
    range(from, to, { limit = 0, revision, countOnly } = {}) {
      const entries = revision ? past.range(from, to, revision) : range(from, to);
      return { entries: countOnly ? [] : limit ? entries.slice(0, limit) : entries, count: entries.length };
    },
    full: entry => entry,
    hasLease: () => true,
    write(event) {
      own.set(event.entry.key, event.type === "put" ? event.entry : undefined);
      return event;
    },
  };
  try {
    return evaluate(draft, before + 1, compare, then, otherwise);
  } catch (error) {
    if (error instanceof InvalidTxn) return undefined;
    throw error;
  }
}

/** Holds an answer against the past; its revision, when it has one. */
function answered(attempt: Attempt, past: Past, explained: Map<Revision, Attempt>, found: string[]): Revision | undefined {
  const { asked, outcome } = attempt;
  if (asked.what === "range" && outcome.kind === "range") {
    const entries = past.range(asked.from, asked.to, asked.at ?? outcome.revision);
    const cut = asked.limit ? entries.slice(0, asked.limit) : entries;
    if (outcome.count !== entries.length || !sameEntries(outcome.entries, cut))
      found.push(`a range at ${outcome.revision} answered ${shown(outcome.entries)}; there was ${shown(cut)}`);
    return outcome.revision;
  }
  if (asked.what !== "txn" || outcome.kind !== "txn") return undefined;
  const { revision } = outcome;
  // What it wrote stands at its revision; a transaction that wrote nothing saw all of it, also what a lease's end wrote there.
  const wrote = carriedOut(asked, past, revision - 1);
  if (
    wrote &&
    wrote.events.length > 0 &&
    !explained.has(revision) &&
    sameChanges(wrote.events, past.changes(revision)) &&
    sameAnswer(wrote, outcome)
  ) {
    explained.set(revision, attempt);
    return revision;
  }
  const saw = carriedOut(asked, past, revision);
  if (!saw || saw.events.length > 0 || !sameAnswer(saw, outcome))
    found.push(
      `a transaction at ${revision}, which is ${told(past.changes(revision))}, answered ${written(outcome.results)}; before it that would have been ${written(wrote?.results)}, after it ${written(saw?.results)}`,
    );
  return revision;
}

/** Changes that no answer accounts for must be those of a lease that ended, or of an attempt without an answer that had begun by then. */
function unexplained(attempts: readonly Attempt[], past: Past, explained: Map<Revision, Attempt>, found: string[]): void {
  const open = new Set(attempts.filter(a => a.outcome.kind === "unknown"));
  const seen = firstSeen(attempts, past.newest);
  for (let revision = 2; revision <= past.newest; revision++) {
    if (explained.has(revision)) continue;
    const changes = past.changes(revision);
    if (endsLease(changes, past, revision)) continue;
    const own = [...open].find(
      a =>
        a.asked.what === "txn" && a.began < seen[revision]! && sameChanges(carriedOut(a.asked, past, revision - 1)?.events ?? [], changes),
    );
    if (own) open.delete(own);
    else found.push(`nobody asked for revision ${revision}: ${told(changes)}`);
  }
}
/** By revision, the moment at which some answer first showed it. */
function firstSeen(attempts: readonly Attempt[], newest: Revision): number[] {
  const seen = new Array<number>(newest + 2).fill(Number.POSITIVE_INFINITY);
  for (const { ended, outcome } of attempts)
    if ("revision" in outcome && outcome.revision <= newest) seen[outcome.revision] = Math.min(seen[outcome.revision]!, ended!);
  for (let r = newest; r > 0; r--) seen[r] = Math.min(seen[r]!, seen[r + 1]!);
  return seen;
}
/** All keys of one lease were deleted, and nothing else. */
function endsLease(changes: readonly StoreEvent[], past: Past, revision: Revision): boolean {
  const leases = new Set(changes.map(c => (c.type === "delete" ? past.at(c.entry.key, revision - 1)?.lease : 0)));
  const [lease] = leases;
  if (!lease || leases.size !== 1) return false;
  return past.range("", ALL_KEYS, revision).every(e => e.lease !== lease);
}

/** An answer's revision is no smaller than any that was answered before it was asked for. */
function againstTime(revised: readonly { readonly attempt: Attempt; readonly revision: Revision }[], found: string[]): void {
  const ended = [...revised].sort((a, b) => a.attempt.ended! - b.attempt.ended!);
  let newest = 0;
  let at = 0;
  for (const { attempt, revision } of [...revised].sort((a, b) => a.attempt.began - b.attempt.began)) {
    for (; at < ended.length && ended[at]!.attempt.ended! < attempt.began; at++) newest = Math.max(newest, ended[at]!.revision);
    if (attempt.asked.what === "range" && attempt.asked.at) continue;
    if (revision < newest)
      found.push(`revision ${revision} was answered at ${attempt.ended}, asked for at ${attempt.began}, when ${newest} had been answered`);
  }
}

function watchedAll({ from, to, after, until, events }: Watched, past: Past, found: string[]): void {
  const wanted: StoreEvent[] = [];
  for (let r = after + 1; r <= until; r++) wanted.push(...past.changes(r).filter(e => e.entry.key >= from && e.entry.key < to));
  const got = events.filter(e => e.entry.modRevision <= until);
  if (sameChanges(wanted, got)) return;
  const differs = wanted.findIndex((e, i) => !got[i] || !sameChanges([e], [got[i]]));
  found.push(
    `a watch of [${from}, ${to}) after ${after} was given ${got.length} events up to ${until}, not ${wanted.length}; the first that differs is of revision ${(wanted[differs] ?? got[wanted.length])?.entry.modRevision}`,
  );
}

const sameEntry = (a: Entry, b: Entry) =>
  a.key === b.key &&
  a.modRevision === b.modRevision &&
  a.createRevision === b.createRevision &&
  a.version === b.version &&
  a.lease === b.lease &&
  compareBytes(a.value, b.value) === 0;
const sameEntries = (a: readonly Entry[], b: readonly Entry[]) => a.length === b.length && a.every((e, i) => sameEntry(e, b[i]!));
/** Deletions have no more than a key and a revision; within a revision the order is the store's own. */
function sameChanges(a: readonly StoreEvent[], b: readonly StoreEvent[]): boolean {
  if (a.length !== b.length) return false;
  const order = (e: readonly StoreEvent[]) =>
    [...e].sort((x, y) => x.entry.modRevision - y.entry.modRevision || (x.entry.key < y.entry.key ? -1 : 1));
  const other = order(b);
  return order(a).every((e, i) => {
    const o = other[i]!;
    if (e.type !== o.type || e.entry.key !== o.entry.key || e.entry.modRevision !== o.entry.modRevision) return false;
    return e.type === "delete" || sameEntry(e.entry, o.entry);
  });
}
const sameAnswer = (a: Outcome, b: { readonly succeeded: boolean; readonly results: readonly OpResult[] }) =>
  a.succeeded === b.succeeded && sameResults(a.results, b.results);
function sameResults(a: readonly OpResult[], b: readonly OpResult[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((x, i) => {
    const y = b[i]!;
    if (x.op === "put" && y.op === "put") return sameEntries(x.previous ? [x.previous] : [], y.previous ? [y.previous] : []);
    if (x.op === "delete" && y.op === "delete") return x.deleted === y.deleted && sameEntries(x.previous ?? [], y.previous ?? []);
    return x.op === "get" && y.op === "get" && x.count === y.count && sameEntries(x.entries, y.entries);
  });
}
const shown = (entries: readonly Entry[]) => `[${entries.map(e => `${e.key}@${e.modRevision}`).join(" ")}]`;
const told = (events: readonly StoreEvent[]) => events.map(e => `${e.type} ${e.entry.key}`).join(", ") || "empty";
const written = (results: readonly OpResult[] | undefined) => JSON.stringify(results, (_, v) => (typeof v === "bigint" ? `${v}` : v));
