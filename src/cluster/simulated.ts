/**
 * Nodes without containers: the real kubelet over simulated machines, many in one process. They share one watch of pods and one
 * of services. It knows no machine itself, so that a test runs it in virtual time.
 */
import type { Chance } from "#base/chance.ts";
import { type Cidr, formatIp, nth, parseCidr, sizeOf } from "#base/cidr.ts";
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { partsOf } from "#client/part.ts";
import type { Reasons } from "#client/reasons.ts";
import type { View } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { ClusterOptions } from "#cluster/options.ts";
import type { PlayedNode, PlayedNodes } from "#cluster/played.ts";
import { addressIn, NODE_RANGE } from "#cluster/ranges.ts";
import { whenReady } from "#cluster/ready.ts";
import { KUBERNETES_VERSION } from "#cluster/version.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { createKubelet, type Kubelet } from "#kubelet/kubelet.ts";
import { NOTHING_RESERVED, type Reserved } from "#kubelet/node.ts";
import type { MachineInfo, StreamServer } from "#kubelet/ports.ts";
import type { ContainerSpec, Runtime } from "#kubelet/runtime.ts";
import { type EvictionRules, evictionRules } from "#kubelet/thresholds.ts";
import { type Ailments, skewed, well } from "#sim/ailments.ts";
import type { FaultyMachine } from "#sim/faults/fault.ts";
import { mortal, ProcessLife } from "#sim/life.ts";
import { simulatedCgroups, simulatedDisk, simulatedLogFiles, simulatedMachine } from "#sim/machine.ts";
import { networkProber } from "#sim/network.ts";
import { type Addresses, type RuntimeState, type SimulatedRuntime, simulatedRuntime } from "#sim/runtime.ts";
import type { ContainerProcess, Script, SimulatedAnswer, SimulatedRequest } from "#sim/script.ts";
import { Traffic } from "#sim/traffic.ts";

export interface SimulatedParts {
  readonly plane: { readonly views: Pick<Views, "of">; readonly reasons: Reasons };
  /** The client of a node's kubelet, which ends with its life. */
  readonly clientFor: (nodeName: string, life: ProcessLife) => Client;
  readonly options: Pick<ClusterOptions, "nodes" | "nodeName" | "clusterDomain" | "serviceCidr">;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Joins clients' streams to a runtime. */
  readonly streams: (runtime: Runtime) => StreamServer;
  /** What containers of an image do; undefined: nothing but run. */
  readonly scriptOf?: ((container: ContainerSpec, pod: Pod | undefined, place: ScriptPlace) => Script | undefined) | undefined;
  /** The nodes, where they are not `options.nodes` that are all alike. */
  readonly places?: readonly SimulatedPlace[] | undefined;
  /** What ran on the machines when they were last seen, by node. */
  readonly machines?: Readonly<Record<string, RuntimeState>> | undefined;
  /** Where this process serves their kubelets to others; undefined: nowhere. */
  readonly reach?: { readonly address: string; readonly port: number } | undefined;
  /** Nodes whose machines have no power at first. */
  readonly off?: readonly string[] | undefined;
  /** When its kubelets evict; upstream's defaults, if it is not said. */
  readonly eviction?: EvictionRules | undefined;
  /** Each kubelet watches for itself, as on machines of their own; else they share one watch. */
  readonly apart?: boolean | undefined;
}
/** What a container's script may use of its machine. */
export interface ScriptPlace {
  readonly running: ContainerProcess;
  readonly clock: Clock;
  /** Sends a request to a pod's address. */
  send(address: string, request: SimulatedRequest, timeout: number): Promise<Required<SimulatedAnswer>>;
}
/** A node's machine, and the kubelet on it. */
export interface SimulatedNode extends FaultyMachine, PlayedNode {}
/** A node and its machine. */
export interface SimulatedPlace {
  readonly name: string;
  readonly address: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly maxPods: number;
  /** Of the disk; 100 GiB. */
  readonly diskBytes?: number | undefined;
  /** What is kept back from pods; nothing. */
  readonly reserved?: Reserved | undefined;
  /** What the machine says of itself, where it stands for a real one. */
  readonly info?: Partial<MachineInfo> | undefined;
}
export interface SimulatedNodes extends PlayedNodes {
  node(name: string): SimulatedNode;
  readonly all: readonly SimulatedNode[];
}

const KUBELET_PORT = 10250;
export const MACHINE = { cpus: 4, memoryBytes: 16 * 1024 ** 3, maxPods: 110 };
/** Milliseconds that a container runs which is to end by itself. */
const RUN_MS = 1000;
const BY_NODE = "node";
const BY_ADDRESS = "address";

/** One node has the cluster's node name; of many each has a number. */
export function simulatedNames({ nodes, nodeName }: Pick<ClusterOptions, "nodes" | "nodeName">): readonly string[] {
  return nodes === 1 ? [nodeName] : Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
}

export function startSimulated(parts: SimulatedParts): SimulatedNodes {
  const { plane, options } = parts;
  const places = parts.places ?? simulatedNames(options).map((name, i) => ({ name, address: addressIn(NODE_RANGE, i + 1), ...MACHINE }));
  const names = places.map(p => p.name);
  const pods = plane.views.of(Pod);
  const podsOf = partsOf(pods, BY_NODE, pod => pod.spec.nodeName || undefined);
  const services = plane.views.of(Service);
  const rangeOf = podRanges(plane.views.of(Node));
  const nodes = new Map<string, Machine>();
  const nodeAt = new Map(places.map(p => [p.address, p.name]));
  const whereAbouts = (address: string) => {
    const node = nodeAt.get(address);
    return node === undefined ? pods.by(BY_ADDRESS, address).map(pod => pod.spec.nodeName ?? "") : [node];
  };
  /** The containers that listen at an address, wherever its pods are. */
  const at = (address: string) => {
    for (const node of whereAbouts(address)) {
      const machine = nodes.get(node);
      const there = machine?.isOn ? machine.runtime.at(address) : undefined;
      if (there) return { node, pods: there };
    }
    return undefined;
  };
  const traffic = new Traffic(parts.clock, at);
  pods.index(BY_ADDRESS, pod => pod.status.podIPs?.map(p => p.ip ?? "") ?? []);
  for (const place of places) {
    const { name } = place;
    const state = parts.machines?.[name];
    const node = new Machine(parts, {
      ...place,
      addresses: podAddresses(rangeOf(name), state?.boxes.filter(b => b.state.ready).flatMap(b => b.state.ips) ?? []),
      state,
      traffic,
      pods,
      shared: parts.apart ? undefined : { pods: podsOf(name), services },
    });
    nodes.set(name, node);
    if (parts.off?.includes(name)) node.runtime.powerOff();
    else node.start();
  }
  const all = [...nodes.values()];
  return {
    names,
    all,
    node(name) {
      const found = nodes.get(name);
      if (!found) throw new Error(`no node is called "${name}"`);
      return found;
    },
    kubeletOf: name => nodes.get(name)?.kubelet?.handle,
    busy: () => all.flatMap(node => node.kubelet?.busy().map(pod => `kubelet of ${node.name}: pod ${pod}`) ?? []),
    machines: () => Object.fromEntries(all.map(node => [node.name, node.runtime.state()])),
    traffic,
    ready: whenReady(
      plane.views,
      all.filter(n => n.isOn).map(n => n.name),
    ),
    async stop() {
      await Promise.all(all.map(node => node.shutDown()));
    },
  };
}

class Machine implements SimulatedNode {
  readonly name: string;
  readonly runtime: SimulatedRuntime;
  readonly ailments = well(() => this.runtime.changed());
  readonly #parts: SimulatedParts;
  readonly #place: Place;
  #on = false;
  #running:
    | { readonly kubelet: Kubelet; readonly life: ProcessLife; readonly ending: AbortController; readonly ended: Promise<void> }
    | undefined;

  constructor(parts: SimulatedParts, place: Place) {
    this.name = place.name;
    this.#parts = parts;
    this.#place = place;
    this.runtime = machineRuntime(parts, place, this.ailments);
  }
  get isOn(): boolean {
    return this.#on;
  }
  get kubelet(): Kubelet | undefined {
    return this.#running?.kubelet;
  }
  get life(): ProcessLife | undefined {
    return this.#running?.life;
  }
  get kubeletRuns(): boolean {
    return this.#running !== undefined;
  }
  start(): void {
    if (this.#on) return;
    this.#on = true;
    this.runtime.away(false);
    this.startKubelet();
  }
  stop(): void {
    this.#on = false;
    this.stopKubelet();
    this.runtime.powerOff();
  }
  startKubelet(): void {
    if (!this.#on || this.#running) return;
    const life = new ProcessLife();
    life.onEnd(() => this.life === life && this.stopKubelet());
    const ending = new AbortController();
    const kubelet = machineKubelet(this.#parts, this.#place, { runtime: this.runtime, ailments: this.ailments, life });
    const ended = kubelet.run(ending.signal).catch((error: Error) => {
      if (!ending.signal.aborted) this.#parts.log.error("a kubelet ended", { node: this.name, error: error.stack });
    });
    this.#running = { kubelet, life, ending, ended };
  }
  stopKubelet(): void {
    const running = this.#running;
    this.#running = undefined;
    running?.life.end();
    running?.ending.abort();
  }
  /** Ends it in order, as the whole simulation ends. */
  async shutDown(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.ending.abort();
    await running?.ended;
  }
}

interface Place extends SimulatedPlace {
  readonly addresses: Addresses;
  readonly state: RuntimeState | undefined;
  readonly traffic: Traffic;
  readonly pods: View<Pod>;
  readonly shared: { readonly pods: View<Pod>; readonly services: View<Service> } | undefined;
}
function machineRuntime(
  parts: SimulatedParts,
  { name, address, addresses, state, pods, traffic }: Place,
  ailments: Ailments,
): SimulatedRuntime {
  const clock = skewed(parts.clock, ailments);
  const script = (named: { namespace: string; name: string }, container: ContainerSpec, running: ContainerProcess): Script => {
    const pod = pods.get(named.name, named.namespace);
    const send: ScriptPlace["send"] = (address, request, timeout) => traffic.send(name, address, request, timeout, running.signal);
    return parts.scriptOf?.(container, pod, { running, clock, send }) ?? plainScript(pod, named, container);
  };
  const delays = {
    get pull() {
      return ailments.pullTakes;
    },
  };
  return simulatedRuntime({
    clock,
    state,
    script,
    delays,
    missing: () => ailments.pullFails,
    addresses,
    hostAddress: address,
    // an image that names a user who is not root suits every security context
    imageUser: 65532,
    exec: executed,
  });
}
interface Running {
  readonly runtime: SimulatedRuntime;
  readonly ailments: Ailments;
  readonly life: ProcessLife;
}
function machineKubelet(parts: SimulatedParts, place: Place, { runtime, ailments, life }: Running): Kubelet {
  const { name, address, traffic, shared, maxPods, cpus, memoryBytes, diskBytes, reserved = NOTHING_RESERVED, info } = place;
  const { plane, options, chance, log } = parts;
  const clock = skewed(parts.clock, ailments);
  const port = mortal(runtime, "runtime", life);
  const own = <T extends object>(name: string, made: T): T => (parts.apart ? mortal(made, name, life) : made);
  const root = `/simulated/${name}`;
  return createKubelet(
    {
      node: {
        name,
        labels: {},
        taints: [],
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: info?.hostname ?? name },
          ...(parts.reach ? [{ type: "ExternalIP", address: parts.reach.address }] : []),
        ],
        port: parts.reach?.port ?? KUBELET_PORT,
        maxPods,
        providerId: "",
        version: KUBERNETES_VERSION,
        reserved,
      },
      root,
      logs: `${root}/logs`,
      cgroupRoot: "",
      seccompRoot: `${root}/seccomp`,
      dns: { domain: options.clusterDomain, servers: [addressIn(options.serviceCidr, 10)] },
      allowedUnsafeSysctls: [],
      podPidsLimit: undefined,
      keepImages: [],
      imageThresholds: { high: 85, low: 80 },
      eviction: parts.eviction ?? evictionRules(),
    },
    {
      client: parts.clientFor(name, life),
      clock,
      chance,
      log: log.with({ component: "kubelet", node: name }),
      runtime: port,
      disk: own(
        "disk",
        simulatedDisk({ capacity: diskBytes, ailments, used: () => runtime.diskUsed(), size: path => runtime.sizeOf(path) }),
      ),
      logFiles: own("logFiles", simulatedLogFiles(clock, runtime.logAt)),
      cgroups: own("cgroups", simulatedCgroups()),
      machine: own("machine", simulatedMachine({ hostname: name, cpus, memoryBytes, info, ailments, used: () => runtime.memory() })),
      prober: own(
        "prober",
        networkProber(traffic, name, () => ailments.probesFail),
      ),
      streams: parts.streams(port),
      reasons: plane.reasons,
      // a kubelet on its own may die in any call of its machine: it makes them all
      ...(!parts.apart && { changes: runtime.changes }),
      ...(shared && { shared }),
    },
  );
}

/** Init containers, and containers of pods that are to run to an end, end well after a while; all others run until they are stopped. */
function plainScript(pod: Pod | undefined, { namespace, name }: { namespace: string; name: string }, container: ContainerSpec): Script {
  const init = pod?.spec.initContainers?.find(c => c.name === container.name);
  const ends = init ? init.restartPolicy !== "Always" : pod?.spec.restartPolicy !== undefined && pod.spec.restartPolicy !== "Always";
  const log = `container ${container.name} of pod ${namespace}/${name} is simulated: ${container.userImage} does not really run\n`;
  return { log, ...(ends && { runsFor: RUN_MS }) };
}
function executed(_containerId: string, command: readonly string[]): { exitCode: number; output: string } {
  return { exitCode: 0, output: `this container is simulated: nothing ran for the command: ${command.join(" ")}\n` };
}

/** Each node's range of pod addresses, once the cluster has given it one. */
function podRanges(nodes: View<Node>): (name: string) => Promise<Cidr> {
  const awaited = new Map<string, (range: Cidr) => void>();
  nodes.onChange(({ object }) => {
    const name = object?.metadata.name ?? "";
    const range = parseCidr(object?.spec.podCIDR ?? "");
    if (!range) return;
    awaited.get(name)?.(range);
    awaited.delete(name);
  });
  return name => {
    const known = parseCidr(nodes.get(name)?.spec.podCIDR ?? "");
    return known ? Promise.resolve(known) : new Promise(resolve => awaited.set(name, resolve));
  };
}
/** Hands out a range's addresses in turn, so that one that was given back rests for a while. */
function podAddresses(range: Promise<Cidr>, held: readonly string[]): Addresses {
  const taken = new Set(held);
  let next = held.length + 1;
  return {
    async take() {
      const cidr = await range;
      // neither the network's own address nor its last
      const size = Number(sizeOf(cidr)) - 2;
      for (let tried = 0; tried < size; tried++) {
        const ip = nth(cidr, next);
        next = next >= size ? 1 : next + 1;
        const address = ip ? formatIp(ip) : "";
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Error("no pod address is free on this node");
    },
    give: address => taken.delete(address),
  };
}
