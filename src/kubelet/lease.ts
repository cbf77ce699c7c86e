/** The node's sign of life: a lease that its kubelet renews (rules/heartbeat.ts). */
import { type Clock, pauses } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { messageOf } from "#kubelet/mounts.ts";
import { LEASE, newLease, renewed } from "#rules/heartbeat.ts";

/** Milliseconds until a renewal that failed is tried again. */
const RETRY = 1000;
const WHERE = { namespace: LEASE.namespace };

export interface LeaseParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
}
/** Renews the node's lease until the signal is aborted; `node` is asked for its uid each time. */
export async function keepLease(
  node: { readonly name: string; readonly uid: string },
  { client, clock, log }: LeaseParts,
  signal: AbortSignal,
): Promise<void> {
  const { name } = node;
  const pause = pauses(clock, signal);
  let lease: Lease | undefined;
  while (!signal.aborted) {
    let failed = false;
    try {
      lease ??= await client.get(Lease, name, LEASE.namespace).catch(error => {
        if (reasonOf(error) === "NotFound") return undefined;
        throw error;
      });
      lease = lease
        ? await client.update(Lease, renewed(lease, name, clock.now()), WHERE)
        : await client.create(Lease, newLease(name, node.uid, clock.now()), WHERE);
    } catch (error) {
      failed = true;
      lease = undefined;
      log.warn("the node's lease was not renewed; it is tried again", { error: messageOf(error) });
    }
    await pause(failed ? RETRY : LEASE.everyMs);
  }
}
