/** Ways into a cluster from outside: a request on its own network, and a real address. */
import type { FetchOptions, Served } from "#cluster/create/cluster.ts";
import type { ClusterParts } from "#cluster/create/parts.ts";
import { destination } from "#cluster/destination.ts";
import { exchange } from "#sim/network.ts";
import type { SimulatedAnswer } from "#sim/runtime.ts";

/** Rejects with the sentence that a client in a pod would see. */
export async function fetchIn(parts: ClusterParts, url: string, options: FetchOptions): Promise<Required<SimulatedAnswer>> {
  const { planes, network, simulated, chance, time } = parts;
  const { namespace = "default", method = "GET", headers = {}, body = "" } = options;
  await time.rest();
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Error(`url: http://HOST/PATH, not ${JSON.stringify(url)}`);
  const target = new URL(url);
  const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
  const to = destination(planes.views, { domain: network.clusterDomain, namespace, host: target.hostname, port }, chance);
  const path = `${target.pathname}${target.search}`;
  const at = simulated?.at ?? (() => undefined);
  return exchange(at, to.address, { method, path, port: to.port, headers: { host: target.host, ...headers }, body });
}

/** Virtual time goes along with real time while it is served. */
export async function serveOn({ host, planes, time, log }: ClusterParts, port: number): Promise<Served> {
  time.check();
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`port: from 0 to 65535, not ${port}`);
  const served = await host.serve(planes.handle, port, log);
  const stop = time.follow();
  const close = async () => {
    time.ends.delete(close);
    stop();
    await served.close();
  };
  time.ends.add(close);
  return { ...served, close };
}
