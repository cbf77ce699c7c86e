/** etcd's Cluster service, of a cluster that is one member and stays one. */
import { type Route, unary } from "#base/rpc.ts";
import { clusterCalls } from "./adminmessages.ts";
import { etcdError } from "./errors.ts";
import { headerOf, type Server } from "./server.ts";

export function clusterRoutes(server: Server): Route[] {
  const { auth, memberId, name, clientUrls, peerUrls } = server;
  const members = [{ id: memberId, name, peerUrls, clientUrls }];
  // What says who is a member has no revision.
  const header = () => headerOf(server, 0);
  const mustBeMe = (id: number) => {
    if (id !== memberId) throw etcdError("memberNotFound");
  };
  return [
    unary(clusterCalls.list, async (_, call) => {
      auth.mustBeKnown(call);
      return { header: header(), members };
    }),
    unary(clusterCalls.add, async (_, call) => {
      auth.mustBeAdmin(call);
      throw etcdError("notEnoughMembers");
    }),
    unary(clusterCalls.remove, async ({ id }, call) => {
      auth.mustBeAdmin(call);
      mustBeMe(id);
      throw etcdError("notEnoughMembers");
    }),
    unary(clusterCalls.update, async ({ id }, call) => {
      auth.mustBeAdmin(call);
      mustBeMe(id);
      // It has no peers, so their addresses are nobody's.
      return { header: header(), members };
    }),
    unary(clusterCalls.promote, async ({ id }, call) => {
      auth.mustBeAdmin(call);
      mustBeMe(id);
      throw etcdError("memberNotLearner");
    }),
  ];
}
