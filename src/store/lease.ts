import type { Cancel, Clock } from "#base/clock.ts";
import { type Lease, type LeaseId, LeaseNotFound } from "./contract.ts";

/** The ids below are given one after another; those that are drawn by chance lie above. */
const COUNTED = 2n ** 48n;
/** The id after `last` that nobody holds. */
export function nextLease(last: number, has: (id: LeaseId) => boolean): LeaseId {
  let id = BigInt(last);
  do id = id + 1n < COUNTED ? id + 1n : 1n;
  while (has(id));
  return id;
}
/** The last id given, once `id` has been. */
export const lastLeaseAfter = (last: number, id: LeaseId): number => (id < COUNTED ? Math.max(last, Number(id)) : last);
export const compareLeases = (a: LeaseId, b: LeaseId): number => (a < b ? -1 : a > b ? 1 : 0);

interface Held extends Lease {
  deadline: number;
}

/**
 * The deadlines of leases. One timer stands for the earliest, none while there are no leases; a lease that was kept
 * alive is looked at again when its old deadline passes.
 */
export class Leases {
  private readonly held = new Map<LeaseId, Held>();
  private readonly clock: Clock;
  private readonly expired: (ids: readonly LeaseId[]) => void;
  private timer: { at: number; cancel: Cancel } | undefined;

  /** `expired` is to revoke each of the ids; they count as held until `remove` is called. */
  constructor(clock: Clock, expired: (ids: readonly LeaseId[]) => void) {
    this.clock = clock;
    this.expired = expired;
  }

  has(id: LeaseId): boolean {
    return this.held.has(id);
  }
  /** In the order of their ids. */
  list(): Lease[] {
    return [...this.held.values()].map(({ id, ttl }) => ({ id, ttl })).sort((a, b) => compareLeases(a.id, b.id));
  }
  /** Milliseconds until a lease runs out. */
  left(id: LeaseId): number {
    return Math.max(0, (this.held.get(id)?.deadline ?? 0) - this.clock.monotonic());
  }
  /** `remaining`: whole seconds until the lease runs out. Throws LeaseNotFound. */
  state(id: LeaseId): Lease & { remaining: number } {
    const lease = this.held.get(id);
    if (!lease) throw new LeaseNotFound();
    const remaining = Math.max(0, Math.floor((lease.deadline - this.clock.monotonic()) / 1000));
    return { id, ttl: lease.ttl, remaining };
  }
  /** Starts, or starts anew, a lease of `ttl` seconds; `left`: milliseconds, when some of it has passed. */
  add(lease: Lease, left = lease.ttl * 1000): void {
    this.held.set(lease.id, { id: lease.id, ttl: lease.ttl, deadline: this.clock.monotonic() + left });
    this.arm();
  }
  keepAlive(id: LeaseId): Lease {
    const lease = this.held.get(id);
    const now = this.clock.monotonic();
    if (!lease || lease.deadline <= now) throw new LeaseNotFound();
    lease.deadline = now + lease.ttl * 1000;
    return { id, ttl: lease.ttl };
  }
  remove(id: LeaseId): void {
    this.held.delete(id);
    if (this.held.size === 0) this.stop();
  }
  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private arm(): void {
    let at = Number.POSITIVE_INFINITY;
    for (const lease of this.held.values()) at = Math.min(at, lease.deadline);
    if (at === Number.POSITIVE_INFINITY || (this.timer && this.timer.at <= at)) return;
    this.timer?.cancel();
    this.timer = { at, cancel: this.clock.after(Math.max(0, at - this.clock.monotonic()), () => this.ring()) };
  }
  private ring(): void {
    this.timer = undefined;
    const now = this.clock.monotonic();
    const due = [...this.held.values()].filter(lease => lease.deadline <= now).map(lease => lease.id);
    // A lease whose revocation fails (the disk is full) is tried again a little later.
    for (const id of due) this.held.get(id)!.deadline = now + RETRY;
    if (due.length > 0) this.expired(due);
    this.arm();
  }
}
const RETRY = 1000;
