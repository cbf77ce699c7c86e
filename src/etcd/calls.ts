/** The calls of etcd's services (etcd 3.4 and later), by their names in camel case. */
import { method } from "#base/message.ts";
import * as m from "./messages.ts";

export const calls = {
  range: method("/etcdserverpb.KV/Range", m.RangeRequest, m.RangeResponse),
  /** From 3.7 on. */
  rangeStream: method("/etcdserverpb.KV/RangeStream", m.RangeRequest, m.RangeStreamResponse),
  put: method("/etcdserverpb.KV/Put", m.PutRequest, m.PutResponse),
  deleteRange: method("/etcdserverpb.KV/DeleteRange", m.DeleteRangeRequest, m.DeleteRangeResponse),
  txn: method("/etcdserverpb.KV/Txn", m.TxnRequest, m.TxnResponse),
  compact: method("/etcdserverpb.KV/Compact", m.CompactionRequest, m.CompactionResponse),
  watch: method("/etcdserverpb.Watch/Watch", m.WatchRequest, m.WatchResponse),
  leaseGrant: method("/etcdserverpb.Lease/LeaseGrant", m.LeaseGrantRequest, m.LeaseGrantResponse),
  leaseRevoke: method("/etcdserverpb.Lease/LeaseRevoke", m.LeaseRevokeRequest, m.LeaseRevokeResponse),
  leaseKeepAlive: method("/etcdserverpb.Lease/LeaseKeepAlive", m.LeaseKeepAliveRequest, m.LeaseKeepAliveResponse),
  leaseTimeToLive: method("/etcdserverpb.Lease/LeaseTimeToLive", m.LeaseTimeToLiveRequest, m.LeaseTimeToLiveResponse),
  leaseLeases: method("/etcdserverpb.Lease/LeaseLeases", m.LeaseLeasesRequest, m.LeaseLeasesResponse),
  status: method("/etcdserverpb.Maintenance/Status", m.StatusRequest, m.StatusResponse),
} as const;
