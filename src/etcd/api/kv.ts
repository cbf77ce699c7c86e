/** etcd's KV service. */
import type { Input } from "#base/message.ts";
import { type Call, type Route, streaming, unary } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import type { RangeResponse } from "#etcd/messages.ts";
import { checkRange, endOf, finishRange, optionsOf, type RangeQuery } from "./range.ts";
import { streamRange } from "./rangestream.ts";
import { checkSize, headerOf, type Server } from "./server.ts";
import { answersOf, checkDelete, checkPut, checkTxn, compareOf, deleteOf, isReadOnly, opOf, putOf, type Txn } from "./txn.ts";

export function kvRoutes(server: Server): Route[] {
  const { store, auth } = server;
  return [
    unary(calls.range, (request, call) => range(server, request, call)),
    streaming(calls.rangeStream, (channel, call) => streamRange(server, channel, call)),
    unary(calls.put, async (request, call) => {
      checkPut(request);
      checkSize(server, call);
      if (auth.enabled) await auth.mayPut(call, request);
      const { revision, results } = await store.txn([], [putOf(request)]);
      const result = results[0]!;
      return { header: headerOf(server, revision), prevKv: result.op === "put" ? result.previous : undefined };
    }),
    unary(calls.deleteRange, async (request, call) => {
      checkDelete(request);
      checkSize(server, call);
      if (auth.enabled) auth.mayDelete(call, request);
      const { revision, results } = await store.txn([], [deleteOf(request)]);
      const result = results[0]!;
      const { deleted, previous } = result.op === "delete" ? result : { deleted: 0, previous: undefined };
      return { header: headerOf(server, revision), deleted, prevKvs: previous };
    }),
    unary(calls.txn, (request, call) => transact(server, request, call)),
    unary(calls.compact, async (request, call) => {
      auth.mustBeAdmin(call);
      await store.compact(request.revision);
      return { header: headerOf(server) };
    }),
  ];
}

export async function range(server: Server, request: RangeQuery, call: Call): Promise<Input<typeof RangeResponse>> {
  const { store, auth } = server;
  checkRange(request);
  if (auth.enabled) auth.mayRead(call, request.key, request.rangeEnd);
  const to = endOf(request.rangeEnd);
  if (to === undefined && !request.countOnly && !request.keysOnly) {
    const { revision } = store;
    const entry = await store.get(request.key, Math.max(0, request.revision));
    return { header: headerOf(server, revision), ...finishRange(request, entry ? [entry] : [], entry ? 1 : 0) };
  }
  const found = await store.range(request.key, to ?? `${request.key}\0`, optionsOf(request));
  return { header: headerOf(server, found.revision), ...finishRange(request, found.entries, found.count) };
}

export async function transact(server: Server, request: Txn, call: Call) {
  const { store, auth } = server;
  checkTxn(request, server.txnOperations);
  if (!isReadOnly(request)) checkSize(server, call);
  if (auth.enabled) await auth.mayTransact(call, request);
  const { succeeded, revision, results } = await store.txn(
    request.compare.map(compareOf),
    request.success.map(opOf),
    request.failure.map(opOf),
  );
  const responses = answersOf(succeeded ? request.success : request.failure, results, revision);
  return { header: headerOf(server, revision), succeeded, responses };
}
