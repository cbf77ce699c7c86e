/** etcd's Election service (v3election): the oldest key under a name leads, and its value is what the leader says. */
import type { Value } from "#base/message.ts";
import { type Call, type Route, RpcError, rpcCode, streaming, unary } from "#base/rpc.ts";
import type { Entry, Key, Op } from "#store/contract.ts";
import { prefixEnd } from "#store/contract.ts";
import { compareBytes } from "#store/txn.ts";
import { electionCalls, type LeaderKey } from "./adminmessages.ts";
import { oldest, takePlace, waitTurn } from "./queue.ts";
import { headerOf, type Server } from "./server.ts";

type Leader = Value<typeof LeaderKey>;

export function electionRoutes(server: Server): Route[] {
  const { store, auth } = server;
  return [
    unary(electionCalls.campaign, async ({ name, lease, value }, call) => {
      const place = await takePlace(server, call, name, lease, value);
      const leader = { name, key: place.key, rev: place.created, lease: place.lease };
      if (place.value && compareBytes(place.value, value) !== 0) await ifStill(server, call, leader, putOf(leader, value));
      await waitTurn(server, call, name, place);
      return { header: headerOf(server, place.revision), leader };
    }),
    unary(electionCalls.proclaim, async ({ leader, value }, call) => {
      const given = required(leader);
      const { succeeded, revision } = await ifStill(server, call, given, putOf(given, value));
      if (!succeeded) throw new RpcError(rpcCode.unknown, "election: not leader");
      return { header: headerOf(server, revision) };
    }),
    unary(electionCalls.resign, async ({ leader }, call) => {
      const given = required(leader);
      const { revision } = await ifStill(server, call, given, { op: "delete", key: given.key });
      return { header: headerOf(server, revision) };
    }),
    unary(electionCalls.leader, async ({ name }, call) => {
      if (auth.enabled) auth.mayRead(call, `${name}/`, prefixEnd(`${name}/`));
      const { leader, revision } = await leaderOf(server, name);
      if (!leader) throw new RpcError(rpcCode.unknown, "election: no leader");
      return { header: headerOf(server, revision), kv: leader };
    }),
    streaming(electionCalls.observe, async (channel, call) => {
      const request = await channel.next();
      if (!request) return;
      const prefix = `${request.name}/`;
      if (auth.enabled) auth.mayRead(call, prefix, prefixEnd(prefix));
      let told = 0;
      const tell = async (revision: number, kv: Entry) => {
        if (kv.modRevision === told) return;
        told = kv.modRevision;
        await channel.send({ header: headerOf(server, revision), kv });
      };
      const first = await leaderOf(server, request.name);
      const watch = store.watch(prefix, prefixEnd(prefix), { after: first.revision, signal: call.signal });
      if (first.leader) await tell(first.revision, first.leader);
      for await (const { revision } of watch) {
        const { leader } = await leaderOf(server, request.name);
        if (leader) await tell(revision, leader);
      }
    }),
  ];

  async function leaderOf({ store: from }: Server, name: Key) {
    const { entries, revision } = await from.range(`${name}/`, prefixEnd(`${name}/`));
    return { leader: oldest(entries), revision };
  }
}

function required(leader: Leader | undefined): Leader {
  if (!leader) throw new RpcError(rpcCode.unknown, '"leader" field must be provided');
  return leader;
}
function putOf({ key, lease }: Leader, value: Uint8Array): Op {
  return { op: "put", key, value: new Uint8Array(value), lease };
}
/** Does `op` if the leader's key is still the one of its election. */
async function ifStill({ store, auth }: Server, call: Call, { key, rev }: Leader, op: Op) {
  if (auth.enabled) auth.mayDelete(call, { key, rangeEnd: "", prevKv: true });
  return store.txn([{ key, target: "create", is: "=", than: rev }], [op]);
}
