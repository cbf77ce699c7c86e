/** etcd's Lease service. */
import { type Route, streaming, unary } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import { drawnLease } from "#etcd/leaseid.ts";
import { type Lease, LeaseExists, type LeaseId, LeaseNotFound } from "#store/contract.ts";
import { etcdError } from "./errors.ts";
import { headerOf, type Server } from "./server.ts";

/** Seconds. */
const LONGEST = 9_000_000_000;
/** One and a half of etcd's election time-outs, in whole seconds: what it gives at least. */
const SHORTEST = 2;

export function leaseRoutes(server: Server): Route[] {
  const { store, auth } = server;
  return [
    unary(calls.leaseGrant, async ({ ttl, id }, call) => {
      auth.mustBeKnown(call);
      const lease = await grant(server, ttl, id);
      return { header: headerOf(server), id: lease.id, ttl: lease.ttl };
    }),
    unary(calls.leaseRevoke, async ({ id }, call) => {
      auth.mustBeKnown(call);
      if (auth.enabled) await auth.mayAttach(call, id);
      await store.revoke(id);
      return { header: headerOf(server) };
    }),
    streaming(calls.leaseKeepAlive, async (channel, call) => {
      for (;;) {
        const request = await channel.next();
        if (!request) return;
        // As of before: a client must not see its lease alive at a revision at which it was not.
        const header = headerOf(server);
        auth.mustBeKnown(call);
        if (auth.enabled) await auth.mayAttach(call, request.id);
        await channel.send({ header, id: request.id, ttl: await keptAlive(server, request.id) });
      }
    }),
    unary(calls.leaseTimeToLive, async ({ id, keys }, call) => {
      auth.mustBeKnown(call);
      const header = headerOf(server);
      try {
        const state = await store.timeToLive(id);
        if (keys && auth.enabled) for (const key of state.keys) auth.mayRead(call, key, "");
        return { header, id, ttl: state.remaining, grantedTtl: state.ttl, ...(keys && { keys: state.keys }) };
      } catch (error) {
        if (error instanceof LeaseNotFound) return { header, id, ttl: -1 };
        throw error;
      }
    }),
    unary(calls.leaseLeases, async (_, call) => {
      auth.mustBeKnown(call);
      const ids = await store.leases();
      if (auth.enabled) for (const id of ids) await auth.mayReadLease(call, id);
      return { header: headerOf(server), leases: ids.map(id => ({ id })) };
    }),
  ];
}

/** `id` 0: one that is free. */
export async function grant(server: Server, ttl: number, id: LeaseId): Promise<Lease> {
  if (ttl > LONGEST) throw etcdError("leaseTtlTooLarge");
  const given = Math.max(SHORTEST, ttl);
  if (id !== 0n) return server.store.grant(given, id);
  for (;;) {
    try {
      return await server.store.grant(given, drawnLease(server.chance));
    } catch (error) {
      if (!(error instanceof LeaseExists)) throw error;
    }
  }
}
/** Seconds that the lease has again; 0: it is gone. */
async function keptAlive(server: Server, id: LeaseId): Promise<number> {
  try {
    return (await server.store.keepAlive(id)).ttl;
  } catch (error) {
    if (error instanceof LeaseNotFound) return 0;
    throw error;
  }
}
