/** Ways on a cluster's own network, and into it from outside: requests of pods and of the API's proxies, and a real address. */
import { text, utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import { durationOf } from "#base/duration.ts";
import { bytesOf, type HttpRequest, type HttpResponse } from "#base/http.ts";
import type { Views } from "#client/views.ts";
import type { ClusterFetchOptions, Served } from "#cluster/create/cluster.ts";
import type { FetchOptions } from "#cluster/create/images.ts";
import type { ClusterParts } from "#cluster/create/parts.ts";
import { destination } from "#cluster/destination.ts";
import type { ScriptPlace } from "#cluster/simulated.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { SimulatedAnswer } from "#sim/script.ts";
import type { Traffic } from "#sim/traffic.ts";

/** How long an answer is waited for by who does not say. */
const PATIENCE = "30s";

export interface Way {
  readonly views: Pick<Views, "of">;
  readonly domain: string;
  readonly chance: Chance;
  /** Whose names are tried first. */
  readonly namespace: string;
  readonly send: ScriptPlace["send"];
}
const OPTIONS = ["method", "headers", "body", "timeout"];
/** Whoever has the cluster in hand says these, too. */
const PLACES = ["namespace", "from"];
function checkOptions(options: object, places: readonly string[]): void {
  const known = [...places, ...OPTIONS];
  const other = Object.keys(options).find(name => !known.includes(name));
  if (other !== undefined) throw new Error(`fetch: there is no option ${other}; there are ${known.join(", ")}`);
}
/** A request to a service or a pod. Rejects with the sentence that a client in a pod would see. */
export async function request(
  { views, domain, chance, namespace, send }: Way,
  url: string,
  options: FetchOptions,
): Promise<Required<SimulatedAnswer>> {
  checkOptions(options, []);
  const { method = "GET", headers = {}, body = "", timeout = PATIENCE } = options;
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Error(`url: http://HOST/PATH, not ${JSON.stringify(url)}`);
  const patience = durationOf("timeout", timeout);
  const target = new URL(url);
  const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
  const to = destination(views, { domain, namespace, host: target.hostname, port }, chance);
  const path = `${target.pathname}${target.search}`;
  return send(to.address, { method, path, port: to.port, headers: { host: target.host, ...headers }, body }, patience);
}

/** The same for who has the cluster in hand: time passes until the answer is there. */
export async function fetchIn(
  { planes, network, traffic, chance, time }: ClusterParts,
  url: string,
  asked: ClusterFetchOptions,
): Promise<Required<SimulatedAnswer>> {
  await time.rest();
  checkOptions(asked, PLACES);
  const { namespace = "default", from, ...options } = asked;
  const node = from === undefined ? undefined : nodeOf(planes.views.of(Pod).get(from, namespace), `${namespace}/${from}`);
  const send: Way["send"] = (address, message, timeout) => traffic.send(node, address, message, timeout);
  const answer = request({ views: planes.views, domain: network.clusterDomain, chance, namespace, send }, url, options);
  const late = () => "the request did not end in its time";
  // whoever moves time now may ask by an image that waits for this: nobody waits for whoever moves it next
  time.alone(() => time.during(answer, durationOf("timeout", options.timeout ?? PATIENCE), late)).catch(() => undefined);
  return answer;
}
function nodeOf(pod: Pod | undefined, name: string): string {
  const node = pod?.spec.nodeName;
  if (!node) throw new Error(`from: ${pod ? "no node has" : "there is no"} pod ${name}`);
  return node;
}

/** An HTTP request on the cluster's network, as the apiserver's proxies make it. */
export async function carried(
  traffic: Traffic,
  { host, port }: { readonly host: string; readonly port: number },
  proxied: HttpRequest,
): Promise<HttpResponse> {
  const { method, url: path, headers } = proxied;
  const body = proxied.body ? text(await bytesOf({ status: 200, headers: {}, body: proxied.body })) : "";
  const named = Object.fromEntries(Object.entries(headers).filter((h): h is [string, string] => typeof h[1] === "string"));
  const patience = durationOf("timeout", PATIENCE);
  const answer = await traffic.send(undefined, host, { method, path, port, headers: named, body }, patience, proxied.signal);
  return { status: answer.status, headers: { "content-type": "text/plain", ...answer.headers }, body: utf8(answer.body) };
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
