import type { HostPort } from "#scheduler/node.ts";
import { type Plugin, refuse } from "#scheduler/plugin.ts";

const REFUSED = refuse("node(s) didn't have free ports for the requested pod ports");

/** The same port and protocol, on the same address or where either takes every address. */
function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0");
}

export const nodePorts: Plugin = {
  name: "NodePorts",
  filter({ ports }) {
    if (ports.length === 0) return undefined;
    return node => {
      for (const other of node.pods.values()) if (other.ports.some(b => ports.some(a => collide(a, b)))) return REFUSED;
      return undefined;
    };
  },
};
