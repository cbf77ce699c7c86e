import { type Plugin, refuse } from "#scheduler/plugin.ts";
import type { HostPort } from "#scheduler/podinfo.ts";

const REFUSALS = [refuse("node(s) didn't have free ports for the requested pod ports")];

/** The same port and protocol, on the same address or where either takes every address. */
function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0");
}

export const nodePorts: Plugin = {
  name: "NodePorts",
  filter({ ports }, snapshot) {
    if (ports.length === 0) return undefined;
    const taken = (row: number) => {
      for (const other of snapshot.node(row).withPorts.values()) if (other.ports.some(b => ports.some(a => collide(a, b)))) return true;
      return false;
    };
    return {
      key: JSON.stringify(ports),
      refusals: REFUSALS,
      fill(rows, codes) {
        for (const row of rows) codes[row] = taken(row) ? 1 : 0;
      },
    };
  },
};
