/** etcd's Maintenance service. */
import { type Route, RpcError, rpcCode, streaming, unary } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import type { Alarm } from "#store/contract.ts";
import { maintenanceCalls } from "./adminmessages.ts";
import { etcdError } from "./errors.ts";
import { CLUSTER_VERSION, ETCD_VERSION, headerOf, type Server, STORAGE_VERSION } from "./server.ts";

/** Actions on alarms. */
const GET = 0;
const DEACTIVATE = 2;
/** Alarms as the protocol counts them; 0 stands for all. */
const ALARMS: readonly Alarm[] = ["nospace", "corrupt"];
/** Actions of Downgrade. */
const CANCEL = 2;
/** The revision of a compaction where none has been. */
const NEVER = -1;

export function maintenanceRoutes(server: Server): Route[] {
  const { store, auth } = server;
  const standing = () => store.alarms().map(alarm => ({ memberId: server.memberId, alarm: ALARMS.indexOf(alarm) + 1 }));
  return [
    unary(calls.status, async (_, call) => {
      auth.mustBeKnown(call);
      const header = headerOf(server);
      return {
        header,
        version: ETCD_VERSION,
        dbSize: store.size(),
        leader: server.memberId,
        // There is no consensus to count: each revision is one step of it.
        raftIndex: header.revision,
        raftTerm: header.raftTerm,
        raftAppliedIndex: header.revision,
        errors: standing().map(({ memberId, alarm }) => `memberID:${memberId} alarm:${ALARMS[alarm - 1]?.toUpperCase()} `),
        dbSizeInUse: store.inUse(),
        storageVersion: STORAGE_VERSION,
        dbSizeQuota: server.quota,
        downgradeInfo: {},
      };
    }),
    unary(maintenanceCalls.alarm, async ({ action, memberId, alarm }, call) => {
      if (action === GET) {
        auth.mustBeKnown(call);
        return { header: headerOf(server), alarms: standing().filter(a => (alarm === 0 || a.alarm === alarm) && isMe(memberId)) };
      }
      auth.mustBeAdmin(call);
      if (action !== DEACTIVATE) throw new RpcError(rpcCode.unimplemented, "etcdserver: alarms are raised by the store alone");
      const ended = standing().filter(a => (alarm === 0 || a.alarm === alarm) && isMe(memberId));
      if (ended.length > 0) await store.disarm();
      return { header: headerOf(server), alarms: ended };
    }),
    unary(maintenanceCalls.defragment, async (_, call) => {
      auth.mustBeAdmin(call);
      await store.defragment();
      return {};
    }),
    unary(maintenanceCalls.hash, async (_, call) => {
      auth.mustBeAdmin(call);
      const { hash, revision } = await store.hash();
      return { header: headerOf(server, revision), hash };
    }),
    unary(maintenanceCalls.hashKV, async ({ revision: wanted }, call) => {
      auth.mustBeAdmin(call);
      const { hash, revision, compacted } = await store.hash(wanted || undefined);
      return { header: headerOf(server), hash, compactRevision: compacted || NEVER, hashRevision: revision };
    }),
    streaming(maintenanceCalls.snapshot, async (channel, call) => {
      auth.mustBeAdmin(call);
      await channel.next();
      const { size, bytes } = await server.snapshot(store);
      const header = headerOf(server);
      let remainingBytes = size;
      for await (const blob of bytes) {
        remainingBytes -= blob.length;
        await channel.send({ header, remainingBytes, blob, version: STORAGE_VERSION });
      }
    }),
    unary(maintenanceCalls.moveLeader, async ({ targetId }, call) => {
      auth.mustBeAdmin(call);
      // To itself, it has moved already.
      if (targetId !== server.memberId) throw etcdError("badLeaderTransferee");
      return {};
    }),
    unary(maintenanceCalls.downgrade, async ({ action, version }, call) => {
      auth.mustBeAdmin(call);
      // There is none to end, which etcd takes for ended.
      if (action === CANCEL) return { header: headerOf(server), version: CLUSTER_VERSION };
      throw etcdError(/^\d+\.\d+(\.\d+)?$/.test(version) ? "downgradeTarget" : "downgradeFormat");
    }),
  ];
  function isMe(memberId: number): boolean {
    return memberId === 0 || memberId === server.memberId;
  }
}
