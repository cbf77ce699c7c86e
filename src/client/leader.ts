/**
 * Leader election over a Lease, as client-go has it: who holds it renews it, and who finds it expired takes it. Loops start when it is
 * won and stop before anybody else may win it. With one process nobody else holds the lease, and it is won with the first write.
 */
import type { Cancel, Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import { formatMicroTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";

export interface ElectionParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  readonly namespace: string;
  /** Unique for each process. */
  readonly identity: string;
  /** Called when the lease is won. `inOffice` says whether it still is, also in a process that slept and whose timers have yet to run. */
  readonly onWon: (fence: Fence, inOffice: () => boolean) => void;
  /** Called when it is lost, or could not be renewed in time. The lease is given up only when this has resolved. */
  readonly onLost: () => void | Promise<void>;
}
/** Who holds the lease, and for the how manieth time it changed hands: a write that carries it can be refused once it is outdated. */
export interface Fence {
  readonly lease: string;
  readonly holder: string;
  readonly transitions: number;
}
/** Upstream's times, in milliseconds. */
const DURATION = 15_000;
const RENEW_DEADLINE = 10_000;
const RETRY = 2_000;

/** Takes part in the election until the signal; gives the lease up at the end, so that a successor need not wait. */
export async function elect(parts: ElectionParts, signal: AbortSignal): Promise<void> {
  const { client, clock, log, name, namespace, identity } = parts;
  /** When the record that others wrote was last seen to change, by our own clock: theirs may differ. */
  let seen = { record: "", at: clock.monotonic() };
  let leading = false;
  let until = 0;
  const inOffice = () => leading && clock.monotonic() < until;
  let expire: Cancel = () => undefined;

  async function attempt(): Promise<Fence | undefined> {
    const now = formatMicroTime(clock.now());
    const mine = { holderIdentity: identity, leaseDurationSeconds: DURATION / 1000, renewTime: now };
    let lease: Lease;
    try {
      lease = await client.get(Lease, name, namespace);
    } catch (error) {
      if (reasonOf(error) !== "NotFound") throw error;
      await client.create(Lease, { metadata: { name, namespace }, spec: { ...mine, acquireTime: now, leaseTransitions: 0 } });
      return { lease: `${namespace}/${name}`, holder: identity, transitions: 0 };
    }
    const { holderIdentity = "", renewTime = "", leaseTransitions = 0, leaseDurationSeconds = DURATION / 1000 } = lease.spec;
    const record = `${holderIdentity} ${renewTime}`;
    if (record !== seen.record) seen = { record, at: clock.monotonic() };
    const own = holderIdentity === identity;
    if (!own && holderIdentity !== "" && clock.monotonic() - seen.at < leaseDurationSeconds * 1000) return undefined;
    const transitions = own ? leaseTransitions : leaseTransitions + 1;
    const spec = { ...lease.spec, ...mine, ...(!own && { acquireTime: now }), leaseTransitions: transitions };
    await client.update(Lease, { ...lease, spec });
    return { lease: `${namespace}/${name}`, holder: identity, transitions };
  }
  const lose = async () => {
    if (!leading) return;
    leading = false;
    await parts.onLost();
  };

  while (!signal.aborted) {
    const began = clock.monotonic();
    try {
      const fence = await attempt();
      if (fence) {
        expire();
        // an answer that never comes must not keep us in office: time runs from before the request
        until = began + RENEW_DEADLINE;
        expire = clock.after(until - clock.monotonic(), () => void lose());
        if (!leading) {
          leading = true;
          parts.onWon(fence, inOffice);
        }
      } else void lose();
    } catch (error) {
      if (reasonOf(error) !== "Conflict") log.warn("the lease was not renewed", { lease: name, error: String(error) });
    }
    await clock.sleep(RETRY, signal).catch(() => undefined);
  }
  expire();
  if (!leading) return;
  await lose();
  try {
    const lease = await client.get(Lease, name, namespace);
    if (lease.spec.holderIdentity !== identity) return;
    await client.update(Lease, { ...lease, spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 } });
  } catch (error) {
    log.warn("the lease was not given up", { lease: name, error: String(error) });
  }
}
