/** etcd's v3 API on a store: all its calls, by path. */
import type { Route } from "#base/rpc.ts";
import { authRoutes } from "./authservice.ts";
import { clusterRoutes } from "./cluster.ts";
import { electionRoutes } from "./election.ts";
import { healthRoutes } from "./health.ts";
import { kvRoutes } from "./kv.ts";
import { leaseRoutes } from "./lease.ts";
import { lockRoutes } from "./lock.ts";
import { maintenanceRoutes } from "./maintenance.ts";
import type { Server } from "./server.ts";
import { watchRoutes } from "./watch.ts";

export function etcdRoutes(server: Server): ReadonlyMap<string, Route> {
  const routes = [
    ...kvRoutes(server),
    ...watchRoutes(server),
    ...leaseRoutes(server),
    ...maintenanceRoutes(server),
    ...clusterRoutes(server),
    ...authRoutes(server),
    ...lockRoutes(server),
    ...electionRoutes(server),
    ...healthRoutes(),
  ];
  return new Map(routes.map(route => [route.method.path, route]));
}
