/** etcd's Cluster service, of a cluster that is one member and stays one. */
import { text, utf8 } from "#base/bytes.ts";
import { type Route, unary } from "#base/rpc.ts";
import { clusterCalls } from "./adminmessages.ts";
import { etcdError } from "./errors.ts";
import { headerOf, type Server } from "./server.ts";

/** The name under which the store keeps addresses for peers that were set by a call: from then on they count, not those of the start. */
const PEERS = "etcd/peerUrls";

export function clusterRoutes(server: Server): Route[] {
  const { store, auth, memberId, name, clientUrls } = server;
  const peerUrls = (): readonly string[] => {
    const kept = store.meta.get(PEERS);
    return kept ? (JSON.parse(text(kept)) as string[]) : server.peerUrls;
  };
  const members = () => [{ id: memberId, name, peerUrls: peerUrls(), clientUrls }];
  // What says who is a member has no revision.
  const header = () => headerOf(server, 0);
  const mustBeMe = (id: number) => {
    if (id !== memberId) throw etcdError("memberNotFound");
  };
  return [
    unary(clusterCalls.list, async (_, call) => {
      auth.mustBeKnown(call);
      return { header: header(), members: members() };
    }),
    unary(clusterCalls.add, async ({ peerUrls: added }, call) => {
      if (added.length === 0 || !added.every(isPeerUrl)) throw etcdError("memberBadUrls");
      auth.mustBeAdmin(call);
      if (added.some(url => peerUrls().includes(url))) throw etcdError("peerUrlExists");
      throw etcdError("notEnoughMembers");
    }),
    unary(clusterCalls.remove, async ({ id }, call) => {
      auth.mustBeAdmin(call);
      mustBeMe(id);
      throw etcdError("notEnoughMembers");
    }),
    unary(clusterCalls.update, async ({ id, peerUrls: wanted }, call) => {
      auth.mustBeAdmin(call);
      mustBeMe(id);
      // No peer calls there: it is what members are told.
      await store.meta.set(PEERS, utf8(JSON.stringify(wanted)));
      return { header: header(), members: members() };
    }),
    unary(clusterCalls.promote, async ({ id }, call) => {
      auth.mustBeAdmin(call);
      mustBeMe(id);
      throw etcdError("memberNotLearner");
    }),
  ];
}
/** As etcd takes them: a host with its port, and nothing behind it (types.NewURLs); or a socket's path. */
const isPeerUrl = (url: string) => /^\s*(https?:\/\/(\[[0-9a-fA-F:.%]+\]|[^/\s:?#@[\]]+):\d+|unixs?:\/\/[^/\s]+)\s*$/.test(url);
