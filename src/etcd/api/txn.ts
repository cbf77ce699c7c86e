/** etcd's transactions as the store's, and the store's results as etcd's answers. */
import type { Input, Value } from "#base/message.ts";
import type { Compare as CompareMessage, DeleteRangeRequest, PutRequest, RequestOp, ResponseOp, TxnRequest } from "#etcd/messages.ts";
import type { Compare, Op, OpResult, Revision } from "#store/contract.ts";
import { etcdError } from "./errors.ts";
import { checkRange, endOf, finishRange, optionsOf, type RangeQuery } from "./range.ts";

export type Txn = Value<typeof TxnRequest>;
export type Request = Value<typeof RequestOp>;

const RESULTS = ["=", ">", "<", "!="] as const;

/** Throws etcd's words when no transaction may look like this; `most` operations in one list, and on the way down. */
export function checkTxn(txn: Txn, most: number): void {
  const operations = Math.max(txn.compare.length, txn.success.length, txn.failure.length);
  if (operations > most) throw etcdError("tooManyOps");
  for (const compare of txn.compare) if (compare.key === "") throw etcdError("emptyKey");
  for (const request of [...txn.success, ...txn.failure]) {
    if (request.requestRange) checkRange(request.requestRange);
    else if (request.requestPut) checkPut(request.requestPut);
    else if (request.requestDeleteRange) checkDelete(request.requestDeleteRange);
    else if (request.requestTxn) checkTxn(request.requestTxn, most - operations);
    else throw etcdError("keyNotFound");
  }
}
export function checkPut(put: Value<typeof PutRequest>): void {
  if (put.key === "") throw etcdError("emptyKey");
  if (put.ignoreValue && put.value.length > 0) throw etcdError("valueProvided");
  if (put.ignoreLease && put.lease !== 0n) throw etcdError("leaseProvided");
}
export function checkDelete(request: Value<typeof DeleteRangeRequest>): void {
  if (request.key === "") throw etcdError("emptyKey");
}
/** Whether it can change nothing. */
export function isReadOnly(txn: Txn): boolean {
  return [...txn.success, ...txn.failure].every(request => request.requestRange !== undefined);
}

export function compareOf(c: Value<typeof CompareMessage>): Compare {
  const is = RESULTS[c.result] ?? "=";
  const place = { key: c.key, ...(c.rangeEnd !== "" && { to: endOf(c.rangeEnd) }) };
  switch (c.target) {
    case 0:
      return { ...place, target: "version", is, than: c.version };
    case 1:
      return { ...place, target: "create", is, than: c.createRevision };
    case 2:
      return { ...place, target: "mod", is, than: c.modRevision };
    case 3:
      return { ...place, target: "value", is, than: c.value };
    default:
      return { ...place, target: "lease", is, than: c.lease };
  }
}
export function putOf(put: Value<typeof PutRequest>): Op {
  return {
    op: "put",
    key: put.key,
    value: own(put.value),
    lease: put.lease,
    previous: put.prevKv,
    ignoreValue: put.ignoreValue,
    ignoreLease: put.ignoreLease,
  };
}
/** The bytes to keep: as they came when they are nearly all of their buffer; else a copy, since much else lies there. */
function own({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  const view = new Uint8Array(buffer, byteOffset, length);
  return buffer.byteLength - length <= length / 8 ? view : view.slice();
}
export function deleteOf({ key, rangeEnd, prevKv }: Value<typeof DeleteRangeRequest>): Op {
  return { op: "delete", key, to: endOf(rangeEnd), previous: prevKv };
}
function getOf(request: RangeQuery): Op {
  return { op: "get", key: request.key, to: endOf(request.rangeEnd), ...optionsOf(request) };
}
export function opOf(request: Request): Op {
  if (request.requestRange) return getOf(request.requestRange);
  if (request.requestPut) return putOf(request.requestPut);
  if (request.requestDeleteRange) return deleteOf(request.requestDeleteRange);
  const { compare, success, failure } = request.requestTxn!;
  return { op: "txn", compare: compare.map(compareOf), success: success.map(opOf), failure: failure.map(opOf) };
}

/** The answers to the list that was carried out; their headers have the revision alone, as etcd's. */
export function answersOf(requests: readonly Request[], results: readonly OpResult[], revision: Revision): Input<typeof ResponseOp>[] {
  return requests.map((request, i) => answerOf(request, results[i]!, revision));
}
function answerOf(request: Request, result: OpResult, revision: Revision): Input<typeof ResponseOp> {
  const header = { revision };
  switch (result.op) {
    case "put":
      return { responsePut: { header, prevKv: result.previous } };
    case "delete":
      return { responseDeleteRange: { header, deleted: result.deleted, prevKvs: result.previous } };
    case "get":
      return { responseRange: { header, ...finishRange(request.requestRange!, result.entries, result.count) } };
    case "txn": {
      const { success, failure } = request.requestTxn!;
      const taken = result.succeeded ? success : failure;
      return {
        responseTxn: { header, succeeded: result.succeeded, responses: answersOf(taken, result.results, revision) as never },
      };
    }
  }
}
