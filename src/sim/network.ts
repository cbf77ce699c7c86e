/** What answers at the addresses of a simulated cluster: the scripts of the containers that have them. What may happen on the way is traffic.ts's. */
import type { Prober } from "#kubelet/ports.ts";
import type { Script, SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";
import type { Traffic } from "#sim/traffic.ts";

/** A pod at an address: the containers of it that run, and its node. */
export interface Host {
  readonly node: string;
  readonly scripts: readonly Script[];
}
/** Who has an address; undefined: nobody. */
export type At = (address: string) => Host | undefined;

/** The one of a pod's containers that listens on a port: one that names it, or else one that serves whatever port it is asked on. */
export function listener(scripts: readonly Script[], port: number): Script | undefined {
  return scripts.find(s => s.ports?.includes(port)) ?? scripts.find(s => !s.ports && (s.http || s.grpc));
}
/** Whether any container says what it serves. Of a pod that says nothing every port counts as open. */
const says = (scripts: readonly Script[]) => scripts.some(s => s.ports || s.http || s.grpc);

/** A request to a pod that it has reached. Rejects with the sentence that a client of a real network would see. */
export async function answered({ scripts }: Host, where: string, request: SimulatedRequest): Promise<Required<SimulatedAnswer>> {
  const found = listener(scripts, request.port);
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
  const scripted = (host: string): readonly Script[] | undefined => {
    const why = fails();
    if (why !== undefined) throw new Error(why);
    const scripts = traffic.at(host)?.scripts;
    return scripts && says(scripts) ? scripts : undefined;
  };
  return {
    http: async ({ host, port, path, headers }, timeoutMs) => {
      if (!scripted(host)) return { status: 200, body: "ok" };
      const named = Object.fromEntries(headers.map(h => [h.name.toLowerCase(), h.value]));
      const { status, body } = await traffic.send(node, host, { method: "GET", path, port, headers: named, body: "" }, timeoutMs);
      return { status, body };
    },
    tcp: async (host, port) => {
      const scripts = scripted(host);
      if (scripts && !listener(scripts, port)) throw new Error(`dial tcp ${host}:${port}: connect: connection refused`);
    },
    grpc: async (host, port, service, timeoutMs) => {
      const scripts = scripted(host);
      if (!scripts) return "SERVING";
      const found = listener(scripts, port);
      if (!found)
        throw new Error(`timeout: failed to connect service "${host}:${port}" within ${timeoutMs / 1000}s: context deadline exceeded`);
      if (!found.grpc) throw new Error("error: this server does not implement the grpc health protocol (grpc.health.v1.Health)");
      return found.grpc(service);
    },
  };
}
