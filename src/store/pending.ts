import type { Lease, LeaseId, Revision, StoreEvent } from "./contract.ts";
import { type Leases, lastLeaseAfter } from "./lease.ts";
import type { Position } from "./position.ts";
import { type LogEvent, type LogRecord, leaseKey } from "./record.ts";
import type { State } from "./state.ts";
import { type Draft, tombstone } from "./txn.ts";

/**
 * The batches that are not durable yet, one that is sealed and an open one behind it: what they write into `state`, where the
 * store will stand with them, and what the log is to say of the open one.
 */
export class Pending {
  revision: Revision;
  compacted: Revision;
  lastLease: number;
  /** What transactions read and write. */
  readonly draft: Draft;
  /** Leases granted (true) and revoked in the open one, and in the sealed one. */
  private leases = new Map<LeaseId, boolean>();
  private sealedLeases = new Map<LeaseId, boolean>();
  /** Where the store stands with the sealed one. */
  private sealed: { readonly revision: Revision; readonly lastLease: number };
  private readonly position: Position;
  private readonly state: State;
  private readonly held: Leases;

  constructor(position: Position, state: State, held: Leases) {
    this.position = position;
    this.state = state;
    this.held = held;
    this.revision = position.revision;
    this.compacted = position.compacted;
    this.lastLease = position.lastLease;
    this.sealed = position;
    this.draft = this.newDraft();
  }
  private newDraft(): Draft {
    const pending = this;
    const { state } = this;
    return {
      get revision() {
        return pending.revision;
      },
      get compacted() {
        return pending.compacted;
      },
      get: key => state.entry(key, "pending"),
      full: entry => state.cells.full(entry),
      range: (from, to, { limit = 0, revision, countOnly } = {}) => {
        if (countOnly && !revision) return { entries: [], count: state.count(from, to, "pending") };
        const all = revision ? state.older(from, to, revision, "pending") : state.current(from, to, "pending");
        const entries = countOnly ? [] : limit > 0 ? all.slice(0, limit) : all;
        state.cells.fill(entries);
        return { entries, count: all.length };
      },
      hasLease: id => this.leases.get(id) ?? this.sealedLeases.get(id) ?? this.held.has(id),
      write: (event, sub) => state.write(event, sub),
    };
  }

  /** Takes the revision for events, which are what `state.write` has returned. */
  recorded(revision: Revision, events: readonly StoreEvent[]): LogRecord {
    this.revision = revision;
    return { kind: "events", revision, events: events as readonly LogEvent[] };
  }
  granted(lease: Lease): LogRecord {
    this.lastLease = lastLeaseAfter(this.lastLease, lease.id);
    this.leases.set(lease.id, true);
    this.state.tables.leases.set(leaseKey(lease.id), lease.ttl, false);
    return { kind: "grant", lease };
  }
  /** Ends a lease, and deletes its keys in one revision. */
  revoked(id: LeaseId): LogRecord {
    const revision = this.revision + 1;
    const events = this.state.attachedTo(id, "pending").map((key, i) => {
      const previous = this.draft.get(key);
      return this.state.write({ type: "delete", entry: tombstone(key, revision), previous }, i);
    });
    this.leases.set(id, false);
    this.state.tables.leases.set(leaseKey(id), null, true);
    if (events.length > 0) this.revision = revision;
    return { kind: "events", revision: this.revision, events, revoked: id };
  }

  /** The open batch goes to the disk; none may be sealed. */
  seal(): void {
    const { leases, sealedLeases, revision, lastLease } = this;
    this.state.seal();
    this.leases = sealedLeases;
    this.sealedLeases = leases;
    this.sealed = { revision, lastLease };
  }
  /** The sealed batch is durable in the log. */
  commit(): void {
    this.state.commit();
    this.sealedLeases.clear();
    this.position.revision = this.sealed.revision;
    this.position.lastLease = this.sealed.lastLease;
  }
  /** Neither batch ever was. */
  discard(): void {
    this.state.discard();
    this.revision = this.position.revision;
    this.compacted = this.position.compacted;
    this.lastLease = this.position.lastLease;
    this.leases.clear();
    this.sealedLeases.clear();
  }
}
