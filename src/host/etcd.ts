/** A real etcd as the store (etcd/remote.ts), over gRPC with TLS client certificates. */

import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { rpcCode as code } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import type { EtcdPort, WatchCall } from "#etcd/ports.ts";
import { openRemote } from "#etcd/remote.ts";
import type { Store } from "#store/contract.ts";
import { hostChance } from "./chance.ts";
import { hostClock } from "./clock.ts";
import { Endpoints, type Verdict } from "./endpoints.ts";
import type { Address, GrpcError } from "./grpc.ts";

export interface EtcdOptions {
  readonly endpoints: readonly Address[];
  readonly log: Log;
  readonly watchBuffer?: number;
  readonly watches?: number;
}
/** A member that has lost its leader refuses at once, or ends the watch, instead of keeping us waiting. */
const metadata = { hasleader: "true" } as const;
/** etcd lets itself be asked for a sign of life every 5 s. */
const PULSE_MS = 5_500;

/** Answers that say for certain that nothing was done, and that another member, or a little later, may do it. */
const REFUSED = new Set([
  "etcdserver: no leader",
  "etcdserver: too many requests",
  "etcdserver: rpc not supported for learner",
  "etcdserver: not capable",
  "raft proposal dropped",
]);
/** Codes by which etcd passes judgement on the request itself. */
const FINAL = new Set<number>([
  code.invalidArgument,
  code.notFound,
  code.alreadyExists,
  code.permissionDenied,
  code.failedPrecondition,
  code.resourceExhausted,
  code.outOfRange,
  code.unimplemented,
  code.unauthenticated,
]);
function judge(error: GrpcError): Verdict {
  if (REFUSED.has(error.message)) return "refused";
  return FINAL.has(error.code) ? "final" : "unknown";
}

/** Throws when no member answers. */
export function openEtcd({ endpoints: addresses, ...options }: EtcdOptions): Promise<Store> {
  const endpoints = new Endpoints(addresses, { maxMessage: limits.etcdAnswer, pulse: PULSE_MS });
  const how = { total: limits.etcdRequest, each: limits.etcdAttempt, patience: limits.etcdPatience, judge, metadata };
  const port: EtcdPort = {
    call: (method, input, { repeatable }) => endpoints.call(method, input, { ...how, repeatable }),
    watch(): WatchCall {
      const { stream, failed, worked } = endpoints.duplex(calls.watch, { metadata });
      return { ...stream, failed, worked };
    },
    close: () => endpoints.close(),
  };
  return openRemote({ port, clock: hostClock, chance: hostChance, ...options }).catch(error => {
    port.close();
    throw error;
  });
}
