/**
 * etcd's v3 API (https://etcd.io/docs/v3.6/dev-guide/api_reference_v3/) as tables, for both ends of the wire. Names in camel case,
 * numbers are the protocol's; keys are the store's (Latin-1 text of their bytes).
 */
import { type Message, message, repeated } from "#base/message.ts";

export const ResponseHeader = message({
  clusterId: [1, "uint64"],
  memberId: [2, "uint64"],
  revision: [3, "int64"],
  raftTerm: [4, "uint64"],
});
export const KeyValue = message({
  key: [1, "latin1"],
  createRevision: [2, "int64"],
  modRevision: [3, "int64"],
  version: [4, "int64"],
  value: [5, "bytes"],
  lease: [6, "id64"],
});
export const Event = message({ type: [1, "int32"], kv: [2, KeyValue], prevKv: [3, KeyValue] });

// KV

export const RangeRequest = message({
  key: [1, "latin1"],
  rangeEnd: [2, "latin1"],
  limit: [3, "int64"],
  revision: [4, "int64"],
  sortOrder: [5, "int32"],
  sortTarget: [6, "int32"],
  serializable: [7, "bool"],
  keysOnly: [8, "bool"],
  countOnly: [9, "bool"],
  minModRevision: [10, "int64"],
  maxModRevision: [11, "int64"],
  minCreateRevision: [12, "int64"],
  maxCreateRevision: [13, "int64"],
});
export const RangeResponse = message({ header: [1, ResponseHeader], kvs: [2, repeated(KeyValue)], more: [3, "bool"], count: [4, "int64"] });
export const RangeStreamResponse = message({ rangeResponse: [1, RangeResponse] });
export const PutRequest = message({
  key: [1, "latin1"],
  value: [2, "bytes"],
  lease: [3, "id64"],
  prevKv: [4, "bool"],
  ignoreValue: [5, "bool"],
  ignoreLease: [6, "bool"],
});
export const PutResponse = message({ header: [1, ResponseHeader], prevKv: [2, KeyValue] });
export const DeleteRangeRequest = message({ key: [1, "latin1"], rangeEnd: [2, "latin1"], prevKv: [3, "bool"] });
export const DeleteRangeResponse = message({ header: [1, ResponseHeader], deleted: [2, "int64"], prevKvs: [3, repeated(KeyValue)] });
export const Compare = message({
  result: [1, "int32"],
  target: [2, "int32"],
  key: [3, "latin1"],
  version: [4, "int64"],
  createRevision: [5, "int64"],
  modRevision: [6, "int64"],
  value: [7, "bytes"],
  lease: [8, "id64"],
  rangeEnd: [64, "latin1"],
});
type RequestOpFields = {
  readonly requestRange: readonly [1, typeof RangeRequest];
  readonly requestPut: readonly [2, typeof PutRequest];
  readonly requestDeleteRange: readonly [3, typeof DeleteRangeRequest];
  readonly requestTxn: readonly [4, Message<TxnRequestFields>];
};
type TxnRequestFields = {
  readonly compare: readonly [1, { readonly repeated: typeof Compare }];
  readonly success: readonly [2, { readonly repeated: Message<RequestOpFields> }];
  readonly failure: readonly [3, { readonly repeated: Message<RequestOpFields> }];
};
// A transaction may hold transactions.
export const RequestOp: Message<RequestOpFields> = {
  fields: () => requestOpFields,
};
export const TxnRequest: Message<TxnRequestFields> = message({
  compare: [1, repeated(Compare)],
  success: [2, repeated(RequestOp)],
  failure: [3, repeated(RequestOp)],
});
const requestOpFields: RequestOpFields = {
  requestRange: [1, RangeRequest],
  requestPut: [2, PutRequest],
  requestDeleteRange: [3, DeleteRangeRequest],
  requestTxn: [4, TxnRequest],
};
type ResponseOpFields = {
  readonly responseRange: readonly [1, typeof RangeResponse];
  readonly responsePut: readonly [2, typeof PutResponse];
  readonly responseDeleteRange: readonly [3, typeof DeleteRangeResponse];
  readonly responseTxn: readonly [4, Message<TxnResponseFields>];
};
type TxnResponseFields = {
  readonly header: readonly [1, typeof ResponseHeader];
  readonly succeeded: readonly [2, "bool"];
  readonly responses: readonly [3, { readonly repeated: Message<ResponseOpFields> }];
};
export const ResponseOp: Message<ResponseOpFields> = {
  fields: () => responseOpFields,
};
export const TxnResponse: Message<TxnResponseFields> = message({
  header: [1, ResponseHeader],
  succeeded: [2, "bool"],
  responses: [3, repeated(ResponseOp)],
});
const responseOpFields: ResponseOpFields = {
  responseRange: [1, RangeResponse],
  responsePut: [2, PutResponse],
  responseDeleteRange: [3, DeleteRangeResponse],
  responseTxn: [4, TxnResponse],
};
export const CompactionRequest = message({ revision: [1, "int64"], physical: [2, "bool"] });
export const CompactionResponse = message({ header: [1, ResponseHeader] });

// Watch

export const WatchCreateRequest = message({
  key: [1, "latin1"],
  rangeEnd: [2, "latin1"],
  startRevision: [3, "int64"],
  progressNotify: [4, "bool"],
  /** 0: no puts, 1: no deletions. */
  filters: [5, repeated("int32")],
  prevKv: [6, "bool"],
  watchId: [7, "id64"],
  fragment: [8, "bool"],
});
export const WatchRequest = message({
  createRequest: [1, WatchCreateRequest],
  cancelRequest: [2, message({ watchId: [1, "id64"] })],
  progressRequest: [3, message({})],
});
export const WatchResponse = message({
  header: [1, ResponseHeader],
  watchId: [2, "id64"],
  created: [3, "bool"],
  canceled: [4, "bool"],
  compactRevision: [5, "int64"],
  cancelReason: [6, "string"],
  fragment: [7, "bool"],
  events: [11, repeated(Event)],
});

// Lease

export const LeaseGrantRequest = message({ ttl: [1, "int64"], id: [2, "id64"] });
export const LeaseGrantResponse = message({ header: [1, ResponseHeader], id: [2, "id64"], ttl: [3, "int64"], error: [4, "string"] });
export const LeaseRevokeRequest = message({ id: [1, "id64"] });
export const LeaseRevokeResponse = message({ header: [1, ResponseHeader] });
export const LeaseKeepAliveRequest = message({ id: [1, "id64"] });
export const LeaseKeepAliveResponse = message({ header: [1, ResponseHeader], id: [2, "id64"], ttl: [3, "int64"] });
export const LeaseTimeToLiveRequest = message({ id: [1, "id64"], keys: [2, "bool"] });
export const LeaseTimeToLiveResponse = message({
  header: [1, ResponseHeader],
  id: [2, "id64"],
  /** Seconds left; -1: there is no such lease. */
  ttl: [3, "int64"],
  grantedTtl: [4, "int64"],
  keys: [5, repeated("latin1")],
});
export const LeaseLeasesRequest = message({});
export const LeaseLeasesResponse = message({ header: [1, ResponseHeader], leases: [2, repeated(message({ id: [1, "id64"] }))] });

// Maintenance

export const StatusRequest = message({});
export const StatusResponse = message({
  header: [1, ResponseHeader],
  version: [2, "string"],
  dbSize: [3, "int64"],
  leader: [4, "uint64"],
  raftIndex: [5, "uint64"],
  raftTerm: [6, "uint64"],
  raftAppliedIndex: [7, "uint64"],
  errors: [8, repeated("string")],
  dbSizeInUse: [9, "int64"],
  isLearner: [10, "bool"],
  storageVersion: [11, "string"],
  dbSizeQuota: [12, "int64"],
  downgradeInfo: [13, message({ enabled: [1, "bool"], targetVersion: [2, "string"] })],
});
