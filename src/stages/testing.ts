/** A world for tests of stages. */
import type { World } from "#stages/functions.ts";

export const world: World = {
  startedAt: 0,
  version: "v0.0.0",
  nodePort: 10250,
  nodeAddress: name => `address of ${name}`,
  nodeIps: name => [`first of ${name}`, `second of ${name}`],
  podIps: (node, hostNetwork, uid) => (hostNetwork ? world.nodeIps(node) : [`first of ${uid} on ${node}`, `second of ${uid} on ${node}`]),
};
