import type { Lease, LeaseId, Revision, StoreEvent } from "./contract.ts";
import { type Leases, lastLeaseAfter } from "./lease.ts";
import type { Position } from "./position.ts";
import { type LogEvent, type LogRecord, leaseKey } from "./record.ts";
import type { State } from "./state.ts";
import { type Draft, tombstone } from "./txn.ts";

/** The batch being put together: what it writes into `state`, where it will stand, and what the log is to say of it. */
export class Pending {
  revision: Revision;
  compacted: Revision;
  /** What transactions read and write. */
  readonly draft: Draft;
  /** Leases granted (true) and revoked in it. */
  private readonly leases = new Map<LeaseId, boolean>();
  private readonly position: Position;
  private readonly state: State;
  private readonly held: Leases;

  constructor(position: Position, state: State, held: Leases) {
    this.position = position;
    this.state = state;
    this.held = held;
    this.revision = position.revision;
    this.compacted = position.compacted;
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
      hasLease: id => this.leases.get(id) ?? this.held.has(id),
      write: (event, sub) => state.write(event, sub),
    };
  }

  /** Takes the revision for events, which are what `state.write` has returned. */
  recorded(revision: Revision, events: readonly StoreEvent[]): LogRecord {
    this.revision = revision;
    return { kind: "events", revision, events: events as readonly LogEvent[] };
  }
  granted(lease: Lease): LogRecord {
    this.position.lastLease = lastLeaseAfter(this.position.lastLease, lease.id);
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

  /** It is durable in the log. */
  commit(): void {
    this.state.commit();
    this.leases.clear();
    this.position.revision = this.revision;
  }
  /** It never was; `lastLease` is what it was before. */
  discard(lastLease: number): void {
    this.state.discard();
    this.revision = this.position.revision;
    this.compacted = this.position.compacted;
    this.leases.clear();
    this.position.lastLease = lastLease;
  }
}
