/** etcd's Lock service (v3lock): locks held by leases. */
import { type Route, RpcError, rpcCode, unary } from "#base/rpc.ts";
import { lockCalls } from "./adminmessages.ts";
import { takePlace, waitTurn } from "./queue.ts";
import { headerOf, type Server } from "./server.ts";

export function lockRoutes(server: Server): Route[] {
  const { store, auth } = server;
  return [
    unary(lockCalls.lock, async ({ name, lease }, call) => {
      const place = await takePlace(server, call, name, lease, new Uint8Array(0));
      await waitTurn(server, call, name, place);
      const { revision } = store;
      // The lease may have run out while it waited.
      if (!(await store.get(place.key))) throw new RpcError(rpcCode.unknown, "mutex: session is expired");
      return { header: headerOf(server, revision), key: place.key };
    }),
    unary(lockCalls.unlock, async ({ key }, call) => {
      if (auth.enabled) auth.mayDelete(call, { key, rangeEnd: "", prevKv: false });
      const { revision } = await store.txn([], [{ op: "delete", key }]);
      return { header: headerOf(server, revision) };
    }),
  ];
}
