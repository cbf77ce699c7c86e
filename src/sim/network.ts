/** The network of a simulated cluster: requests to addresses, answered by the scripts of the containers that have them. */
import type { Prober } from "#kubelet/ports.ts";
import type { Script, SimulatedAnswer, SimulatedRequest } from "#sim/runtime.ts";

/** What answers at an address; undefined: nobody has it. */
export type At = (address: string) => readonly Script[] | undefined;

/** Sends a request to a pod's address. Rejects with the sentence that a client of a real network would see. */
export async function exchange(at: At, address: string, request: SimulatedRequest): Promise<Required<SimulatedAnswer>> {
  const scripts = at(address);
  const where = `${address}:${request.port}`;
  if (!scripts) throw new Error(`dial tcp ${where}: connect: no route to host`);
  const answers = scripts.find(s => s.http)?.http;
  if (!answers) throw new Error(`dial tcp ${where}: connect: connection refused`);
  const { status = 200, headers = {}, body = "" } = await answers(request);
  return { status, headers, body };
}

/** Probes of containers: those that serve are asked; of others every probe succeeds, unless `fails` says why none does now. */
export function networkProber(at: At, fails: () => string | undefined = () => undefined): Prober {
  const check = () => {
    const why = fails();
    if (why !== undefined) throw new Error(why);
  };
  const scripted = (host: string) => at(host)?.some(s => s.http) ?? false;
  return {
    http: async ({ host, port, path, headers }) => {
      check();
      if (!scripted(host)) return { status: 200, body: "ok" };
      const named = Object.fromEntries(headers.map(h => [h.name.toLowerCase(), h.value]));
      const { status, body } = await exchange(at, host, { method: "GET", path, port, headers: named, body: "" });
      return { status, body };
    },
    tcp: async () => check(),
    grpc: async () => {
      check();
      return "SERVING";
    },
  };
}
