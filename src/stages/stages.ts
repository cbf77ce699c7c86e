/**
 * Stages in place of kubelets: one loop for each kind that stages concern takes all its objects through them, and one keeps the nodes'
 * leases. The meaning of stages is kwok's (https://kwok.sigs.k8s.io/docs/user/stages-configuration/).
 */

import { utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import { type Cidr, parseCidr } from "#base/cidr.ts";
import type { Clock } from "#base/clock.ts";
import type { Handler, HttpResponse } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import { failure } from "#base/status.ts";
import type { Client } from "#client/client.ts";
import { type AnyController, controller, on } from "#client/controller.ts";
import { createRecorder } from "#client/events.ts";
import { createLoop, type Loop } from "#client/loop.ts";
import type { Reasons } from "#client/reasons.ts";
import { tell } from "#client/steps.ts";
import { keyOf, splitKey } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { Addresses } from "#stages/addresses.ts";
import { nextSteps, type Sight } from "#stages/decide.ts";
import type { World } from "#stages/functions.ts";
import { isPlayed, stagedNodes, type WantedNode } from "#stages/nodes.ts";
import type { Stage } from "#stages/stage.ts";
import { TemplateError } from "#stages/values.ts";

export interface StagesParts {
  readonly stages: readonly Stage[];
  readonly nodes: readonly WantedNode[];
  /** With the right to write whatever stages concern. */
  readonly client: Client;
  readonly views: Views;
  readonly reasons: Reasons;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: string;
  /** Where nodes that tell no address of their own have theirs. */
  readonly nodeRange: Cidr;
}
export interface Stages {
  /** Resolves when the loops run. */
  start(): Promise<void>;
  stop(): Promise<void>;
  busy(): readonly string[];
  /** Whether the node's machine has power: without it nothing happens there. */
  isOn(name: string): boolean;
  power(name: string, on: boolean): void;
  /** A node's own API: there are no containers to look into. */
  kubeletOf(name: string): Handler | undefined;
}

const NAME = "stages";
const KUBELET_PORT = 10250;
const BY_NODE = "node";
/** Objects of a kind that are written at once. */
const WORKERS = 32;

export function createStages(parts: StagesParts): Stages {
  const { views, clock, chance } = parts;
  const off = new Set<string>();
  const nodes = views.of(Node);
  const isManaged = (name: string | undefined) => name !== undefined && !off.has(name) && isPlayed(nodes.get(name));
  /** Pods wait until their node has a range of addresses for them. */
  const takesPods = (name: string | undefined) => isManaged(name) && rangesOf(nodes.get(name ?? "")).length > 0;
  const isOurs = (object: KubeObject): boolean => {
    if (object.kind === "Node") return isManaged(object.metadata.name);
    return object.kind !== "Pod" || takesPods((object as Pod).spec.nodeName);
  };
  const pods = views.of(Pod);
  pods.index(BY_NODE, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []));

  const recorder = createRecorder({ client: parts.client, clock, log: parts.log, component: NAME });
  const loopOf = (definition: AnyController) => createLoop(definition, { ...parts, recorder });
  const wanted = new Map(parts.nodes.map(n => [n.name, n]));
  const leases = loopOf(stagedNodes(wanted, name => !off.has(name)));
  const world = worldOf(parts);
  const loops = new Map<Kind, Loop>();
  for (const [kind, stages] of Map.groupBy(parts.stages, s => s.kind))
    loops.set(kind, loopOf(stageLoop({ kind, stages, isOurs, world, chance })));
  const podLoop = loops.get(Pod as unknown as Kind);
  const all = [leases, ...loops.values()];
  const wakePods = (node: string) => {
    for (const pod of pods.by(BY_NODE, node)) podLoop?.wake(keyOf(pod));
  };
  let ended = () => {};

  return {
    async start() {
      await Promise.all(all.map(loop => loop.start()));
      for (const name of wanted.keys()) leases.wake(name);
      const reached = new Set(nodes.list().flatMap(n => (takesPods(n.metadata.name) ? [n.metadata.name ?? ""] : [])));
      ended = nodes.onChange(({ object, old }) => {
        const name = (object ?? old)?.metadata.name ?? "";
        if (takesPods(name) === reached.has(name)) return;
        if (reached.delete(name)) return;
        reached.add(name);
        wakePods(name);
      });
    },
    async stop() {
      ended();
      await Promise.all(all.map(loop => loop.stop()));
    },
    busy: () =>
      all.filter(loop => !loop.idle).map(loop => `${loop.name}: ${loop.stats().depth} wait, ${loop.stats().working} are worked on`),
    isOn: name => !off.has(name),
    power(name, on) {
      if (on) off.delete(name);
      else off.add(name);
      if (!on) return;
      leases.wake(name);
      loops.get(Node as unknown as Kind)?.wake(name);
      wakePods(name);
    },
    kubeletOf: name => (isManaged(name) ? request => noContainers(name, request.url) : undefined),
  };
}

interface LoopParts {
  readonly kind: Kind;
  readonly stages: readonly Stage[];
  readonly isOurs: (object: KubeObject) => boolean;
  readonly world: World;
  readonly chance: Chance;
}
function stageLoop({ kind, stages, isOurs, world, chance }: LoopParts): AnyController {
  /** Since when an object has been as it is: from then its delay counts. A restart begins anew, as kwok does. */
  const sights = new Map<string, Sight>();
  return controller<Sight>({
    name: `${NAME}-${kind.kind.toLowerCase()}`,
    keyedBy: kind.kind,
    workers: WORKERS,
    watches: [on(kind, (object, _, gone) => (gone || isOurs(object) ? [keyOf(object)] : []))],
    observe(key, { views, now }) {
      const { name, namespace } = splitKey(key);
      const object = views.of(kind).get(name, namespace);
      if (!object || !isOurs(object)) {
        sights.delete(key);
        return undefined;
      }
      const known = sights.get(key);
      const { uid, resourceVersion } = object.metadata;
      const seen = known?.object.metadata;
      if (known && seen?.uid === uid && seen?.resourceVersion === resourceVersion) return known;
      const sight: Sight = { object, at: now, lots: [chance.next(), chance.next()] };
      sights.set(key, sight);
      return sight;
    },
    decide(sight, { now }) {
      try {
        return nextSteps(stages, sight, now, world);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        const { object } = sight;
        const about = { apiVersion: object.apiVersion ?? "", kind: object.kind ?? "", metadata: object.metadata };
        return [tell(about, "Warning", "StageFailed", error.message)];
      }
    },
  }) as unknown as AnyController;
}

function worldOf({ views, clock, version, nodeRange }: StagesParts): World {
  const nodes = views.of(Node);
  const podAddresses = new Addresses();
  const nodeAddresses = new Addresses();
  views.of(Pod).onChange(({ object, old }) => {
    const uid = (object ?? old)?.metadata.uid ?? "";
    const ended = !object || object.status.phase === "Succeeded" || object.status.phase === "Failed";
    if (ended) podAddresses.release(uid);
    else if (!object.spec.hostNetwork) for (const { ip } of object.status.podIPs ?? []) if (ip) podAddresses.hold(ip, uid);
  });
  nodes.onChange(({ object, old }) => {
    const name = (object ?? old)?.metadata.name ?? "";
    if (!object) nodeAddresses.release(name);
    else for (const address of ipsOf(object)) nodeAddresses.hold(address, name);
  });
  const nodeAddress = (name: string) => {
    const address = nodeAddresses.take(nodeRange, name);
    if (!address) throw new TemplateError("no address is left for a node");
    return address;
  };
  const nodeIps = (name: string) => {
    const known = ipsOf(nodes.get(name));
    return known.length > 0 ? known : [nodeAddress(name)];
  };
  return {
    startedAt: clock.now(),
    version,
    nodePort: KUBELET_PORT,
    nodeAddress,
    nodeIps,
    podIps: (nodeName, hostNetwork, uid) => {
      if (hostNetwork) return nodeIps(nodeName);
      return rangesOf(nodes.get(nodeName)).map(range => {
        const address = podAddresses.take(range, uid);
        if (!address) throw new TemplateError(`no pod address is free on node ${nodeName}`);
        return address;
      });
    },
  };
}
function ipsOf(node: Node | undefined): readonly string[] {
  return node?.status.addresses?.flatMap(a => (a.type === "InternalIP" && a.address ? [a.address] : [])) ?? [];
}
function rangesOf(node: Node | undefined): readonly Cidr[] {
  return node?.spec.podCIDRs?.flatMap(text => parseCidr(text) ?? []) ?? [];
}
/** A log's reader takes plain text; the clients of streams take a Status. */
async function noContainers(node: string, url: string): Promise<HttpResponse> {
  const { pathname } = new URL(url, "https://node");
  if (pathname === "/healthz") return { status: 200, headers: { "content-type": "text/plain" }, body: utf8("ok") };
  const says = `node "${node}" is played by stages: its containers do not run, so there is nothing to read, run or reach in them`;
  if (pathname.startsWith("/containerLogs/")) return { status: 501, headers: { "content-type": "text/plain" }, body: utf8(says) };
  const { status } = failure(501, "UnknownError", says);
  return { status: 501, headers: { "content-type": "application/json" }, body: utf8(JSON.stringify(status)) };
}
