/** The store's terms in etcd's, and back: keys and ends of ranges, operations, results, entries, events, errors. */
import type { Input, Value } from "#base/message.ts";
import {
  ALL_KEYS,
  type Compare,
  type Entry,
  InvalidTxn,
  type Key,
  KeyNotFound,
  LeaseExists,
  LeaseNotFound,
  NoSpace,
  type Op,
  type OpResult,
  type StoreEvent,
} from "#store/contract.ts";
import type * as m from "./messages.ts";
import { Refused } from "./ports.ts";

/** Above every other key: etcd's sign for "to the end". It is also the least key that can be. */
const ZERO = "\0";

/** [from, to) as etcd has it, which takes no empty key; undefined: the range is empty. */
export function span(from: Key, to: Key): { readonly key: Key; readonly rangeEnd: Key } | undefined {
  if (from >= to) return undefined;
  return { key: from || ZERO, rangeEnd: to >= ALL_KEYS ? ZERO : to };
}
/** One key, or [key, to). An empty range is one that holds nothing: no key lies below the first. */
const spanOf = (key: Key, to: Key | undefined) => (to === undefined ? { key } : (span(key, to) ?? { key: ZERO, rangeEnd: "\0\0" }));

const RESULT = { "=": 0, ">": 1, "<": 2, "!=": 3 } as const;
const TARGET = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;
const OPERAND = { version: "version", create: "createRevision", mod: "modRevision", value: "value", lease: "lease" } as const;

export function compareOf(c: Compare): Input<typeof m.Compare> {
  return { ...spanOf(c.key, c.to), result: RESULT[c.is], target: TARGET[c.target], [OPERAND[c.target]]: c.than };
}
export function requestOf(op: Op): Input<typeof m.RequestOp> {
  switch (op.op) {
    case "put":
      return {
        requestPut: {
          key: op.key,
          value: op.value,
          lease: op.lease,
          prevKv: op.previous,
          ignoreValue: op.ignoreValue,
          ignoreLease: op.ignoreLease,
        },
      };
    case "delete":
      return { requestDeleteRange: { ...spanOf(op.key, op.to), prevKv: op.previous } };
    case "get":
      return {
        requestRange: {
          ...spanOf(op.key, op.to),
          limit: op.limit,
          revision: op.revision,
          keysOnly: op.keysOnly,
          countOnly: op.countOnly,
        },
      };
    case "txn":
      return { requestTxn: txnOf(op.compare, op.success, op.failure) };
  }
}
export function txnOf(compare: readonly Compare[], then: readonly Op[], otherwise: readonly Op[] = []): Input<typeof m.TxnRequest> {
  return { compare: compare.map(compareOf), success: then.map(requestOf), failure: otherwise.map(requestOf) };
}
export function resultOf(op: Op, answer: Value<typeof m.ResponseOp>): OpResult {
  switch (op.op) {
    case "put": {
      const previous = answer.responsePut?.prevKv;
      return { op: "put", ...(previous && { previous: entryOf(previous) }) };
    }
    case "delete": {
      const { deleted = 0, prevKvs = [] } = answer.responseDeleteRange ?? {};
      return { op: "delete", deleted, ...(op.previous && { previous: prevKvs.map(entryOf) }) };
    }
    case "get": {
      const { kvs = [], count = 0 } = answer.responseRange ?? {};
      return { op: "get", entries: kvs.map(entryOf), count };
    }
    case "txn": {
      const { succeeded = false, responses = [] } = answer.responseTxn ?? {};
      return { op: "txn", succeeded, results: resultsOf(succeeded ? op.success : (op.failure ?? []), responses) };
    }
  }
}
export function resultsOf(ops: readonly Op[], answers: readonly Value<typeof m.ResponseOp>[]): OpResult[] {
  return ops.map((op, i) => resultOf(op, answers[i]!));
}

/** Its value is copied, so that it does not keep the whole answer. */
export function entryOf(kv: Value<typeof m.KeyValue>): Entry {
  const { key, createRevision, modRevision, version, lease } = kv;
  return { key, value: new Uint8Array(kv.value), createRevision, modRevision, version, lease };
}
export function eventOf({ type, kv, prevKv }: Value<typeof m.Event>): StoreEvent {
  const entry = entryOf(kv!);
  return { type: type === 1 ? "delete" : "put", entry, ...(prevKv && { previous: entryOf(prevKv) }) };
}

export const COMPACTED = "etcdserver: mvcc: required revision has been compacted";
export const FUTURE = "etcdserver: mvcc: required revision is a future revision";
/** etcd's refusal in the store's terms; those that name a revision are the store's to tell. */
export function errorOf(error: unknown): unknown {
  if (!(error instanceof Refused)) return error;
  switch (error.message) {
    case "etcdserver: requested lease not found":
      return new LeaseNotFound();
    case "etcdserver: lease already exists":
      return new LeaseExists();
    case "etcdserver: mvcc: database space exceeded":
      return new NoSpace();
    case "etcdserver: key not found":
      return new KeyNotFound();
    case "etcdserver: key is not provided":
    case "etcdserver: duplicate key given in txn request":
    case "etcdserver: too many operations in txn request":
    case "etcdserver: request is too large":
      return new InvalidTxn(error.message);
    default:
      return error;
  }
}
