/** What answers at the addresses of a simulated cluster: the scripts of the containers that have them. What may happen on the way is traffic.ts's. */
import type { Prober } from "#kubelet/ports.ts";
import type { Script, SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";
import type { Traffic } from "#sim/traffic.ts";

/** What is at an address: the containers that run there, by pod, and their node. A node's own address is that of all pods of its network. */
export interface Host {
  readonly node: string;
  readonly pods: readonly (readonly Script[])[];
}
/** Who has an address; undefined: nobody. */
export type At = (address: string) => Host | undefined;

/** The container that listens on a port: one that names it, or else one that serves whatever port it is asked on. */
export function listener(pods: Host["pods"], port: number): Script | undefined {
  const scripts = pods.flat();
  return scripts.find(s => s.ports?.includes(port)) ?? scripts.find(s => !s.ports && (s.http || s.grpc));
}
/** Whether any container of a pod says what it serves. Of a pod that says nothing every port counts as open. */
const says = (scripts: readonly Script[]) => scripts.some(s => s.ports || s.http || s.grpc);

/** A request to a pod that it has reached. Rejects with the sentence that a client of a real network would see. */
export async function answered({ pods }: Host, where: string, request: SimulatedRequest): Promise<Required<SimulatedAnswer>> {
  const found = listener(pods, request.port);
  if (!found) throw new Error(`dial tcp ${where}: connect: connection refused`);
  if (!found.http) throw new Error(`read tcp ${where}: connection reset by peer`);
  return answerOf(found.http, request);
}
/** What a server answers, without gaps. */
export async function answerOf(http: NonNullable<Script["http"]>, request: SimulatedRequest): Promise<Required<SimulatedAnswer>> {
  const { status = 200, headers = {}, body = "" } = await http(request);
  return { status, headers, body };
}

/**
 * Probes of containers by the kubelet of `node`: those whose scripts say what they serve are asked; of others every probe succeeds,
 * unless `fails` says why none does now.
 */
export function networkProber(traffic: Traffic, node: string, fails: () => string | undefined = () => undefined): Prober {
  /** Whether who listens there is to be asked. */
  const asked = (address: string, port: number): boolean => {
    const why = fails();
    if (why !== undefined) throw new Error(why);
    const there = traffic.at(address);
    return there !== undefined && (listener(there.pods, port) !== undefined || there.pods.every(says));
  };
  return {
    http: async ({ host, port, path, headers }, timeoutMs) => {
      if (!asked(host, port)) return { status: 200, body: "ok" };
      const named = Object.fromEntries(headers.map(h => [h.name.toLowerCase(), h.value]));
      const { status, body } = await traffic.send(node, host, { method: "GET", path, port, headers: named, body: "" }, timeoutMs);
      return { status, body };
    },
    tcp: async (address, port, timeout) => {
      if (!asked(address, port)) return;
      const where = `${address}:${port}`;
      await traffic.reach({
        ...{ from: node, address, where, timeout, repeats: false },
        late: () => `dial tcp ${where}: i/o timeout`,
        at: async ({ pods }) => {
          if (!listener(pods, port)) throw new Error(`dial tcp ${where}: connect: connection refused`);
        },
      });
    },
    grpc: async (address, port, service, timeout) => {
      if (!asked(address, port)) return "SERVING";
      const where = `${address}:${port}`;
      const within = `within ${timeout / 1000}s`;
      const unreachable = `timeout: failed to connect service "${where}" ${within}: context deadline exceeded`;
      return traffic.reach({
        ...{ from: node, address, where, timeout, repeats: false },
        late: arrived => (arrived ? `timeout: health rpc did not complete ${within}` : unreachable),
        at: async ({ pods }) => {
          const found = listener(pods, port);
          if (!found) throw new Error(unreachable);
          if (!found.grpc) throw new Error("error: this server does not implement the grpc health protocol (grpc.health.v1.Health)");
          return found.grpc(service);
        },
      });
    },
  };
}
