/** A whole cluster in a function call, in virtual time: control plane, scheduler and simulated nodes in this process. It knows no machine. */
import { MASTERS } from "#apiserver/auth/users.ts";
import type { Witness } from "#apiserver/registry.ts";
import { assert } from "#base/assert.ts";
import { text } from "#base/bytes.ts";
import { type ChanceState, seededChance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { type Duration, durationOf } from "#base/duration.ts";
import { bytesOf, type Handler, type Identity } from "#base/http.ts";
import { type Log, silentLog } from "#base/log.ts";
import { failure } from "#base/status.ts";
import { formatDuration } from "#base/time.ts";
import type { Transport } from "#client/client.ts";
import { actingAs, createClient } from "#client/http.ts";
import { component } from "#cluster/controlplane.ts";
import { destination } from "#cluster/destination.ts";
import { documents } from "#cluster/documents.ts";
import { History, type HistoryEntry, type HistoryState } from "#cluster/history.ts";
import { FAST_STAGES } from "#cluster/options.ts";
import { startPlanes } from "#cluster/planes.ts";
import type { PlayedNodes } from "#cluster/played.ts";
import { type SimulatedPlace, startSimulated } from "#cluster/simulated.ts";
import { startStaged } from "#cluster/staged.ts";
import { kindAt, type TypedClient, typedClient } from "#cluster/typedclient.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { KubeObject } from "#kinds/kind.ts";
import type { StreamServer } from "#kubelet/ports.ts";
import type { ContainerSpec, Runtime } from "#kubelet/runtime.ts";
import { virtualClock } from "#sim/clock.ts";
import type { Fault } from "#sim/faults/all.ts";
import { ADMINISTRATOR } from "#sim/faults/fault.ts";
import { type Injector, injector } from "#sim/faults/injector.ts";
import { invariants } from "#sim/invariants/all.ts";
import { type Checker, checker } from "#sim/invariants/checker.ts";
import type { Breach, Invariant } from "#sim/invariants/invariant.ts";
import type { ProcessLife } from "#sim/life.ts";
import { Link } from "#sim/link.ts";
import { exchange } from "#sim/network.ts";
import type { RuntimeState, Script, SimulatedAnswer, SimulatedRequest } from "#sim/runtime.ts";
import { simulatedSigner } from "#sim/signer.ts";
import { type StageSource, stageSet } from "#stages/set.ts";
import { type MemoryState, memoryStore } from "#store/memory.ts";

/** What a container of an image does; by default it runs until it is stopped. */
export interface ContainerScript extends Omit<Script, "runsFor" | "stopTakes"> {
  /** From its start to its end by itself. */
  readonly runsFor?: Duration;
  /** From the stop signal to its end. */
  readonly stopTakes?: Duration;
}
/** A container as its image sees it. */
export interface ContainerView {
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How often it has been started in its pod before. */
  readonly restarts: number;
}
export type ImageFunction = (container: ContainerView) => ContainerScript;

export interface ClusterOptions {
  /** Decides everything that is left to chance: the same seed gives the same history. */
  readonly seed?: number;
  /** How many simulated nodes. */
  readonly nodes?: number;
  /** How many control planes share the store; 1. */
  readonly controlPlanes?: number;
  /** What goes wrong, and when. With it (an empty list will do) every kubelet has watches of its own, as on machines apart. */
  readonly faults?: readonly Fault[];
  /** What must never happen; "all" are those that are known. They are checked on every write, and whenever the cluster is settled. */
  readonly invariants?: readonly Invariant[] | "all";
  /** Stages (kwok's, as YAML or objects) play the nodes and their pods, instead of kubelets; "fast": those that are built in. */
  readonly stages?: string | readonly object[];
  /** When virtual time begins. */
  readonly start?: Date | string;
  /** What containers do, by their image: its whole reference, or its name without tag. */
  readonly images?: Readonly<Record<string, ImageFunction>>;
  /** Begins as that cluster was; `nodes` and `start` are its own then. */
  readonly from?: Snapshot;
  readonly log?: Log;
}
/** A cluster at one moment, as plain values: structuredClone and v8.serialize take it. */
export interface Snapshot {
  readonly format: 1;
  readonly seed: number;
  readonly nodes: number;
  readonly now: number;
  readonly elapsed: number;
  readonly chance: ChanceState;
  readonly store: MemoryState;
  readonly machines: Readonly<Record<string, RuntimeState>>;
  /** Nodes whose machines have no power. */
  readonly off: readonly string[];
  readonly history: HistoryState;
  /** Of a cluster that was not made by createCluster: its nodes and its network. */
  readonly places?: readonly SimulatedPlace[];
  readonly network?: Network;
}
export interface Network {
  readonly clusterDomain: string;
  readonly serviceCidr: string;
  readonly clusterCidr: string;
}
export interface ClusterClock {
  /** Virtual time, in milliseconds since 1970. */
  now(): number;
  /** Moves time on; everything that falls due meanwhile happens. */
  advance(by: Duration): Promise<void>;
  /** From now on virtual time goes along with real time, `speed` times as fast, until the result is called. */
  follow(speed?: number): () => void;
}
/** A cluster's address for clients of any kind. */
export interface Served {
  readonly url: string;
  /** An administrator's kubeconfig, as YAML. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}
export interface SettleOptions {
  /** For so long nothing but heartbeats is written; what is due later does not count. Default 15 s. */
  readonly quiet?: Duration;
  /** How much time may pass until then. Default 1 h. */
  readonly within?: Duration;
}
export interface Cluster {
  readonly client: TypedClient;
  /** HTTP requests as values, with all rights: for clients of one's own making. */
  readonly transport: Transport;
  readonly clock: ClusterClock;
  /** Creates or changes objects by server-side apply, in the order given. Text may hold several YAML (or JSON) documents. */
  apply(objects: string | KubeDraft | readonly KubeDraft[]): Promise<KubeObject[]>;
  /** Moves time on until no loop has work but heartbeats; rejects, naming who is still busy, when that does not come. */
  settled(options?: SettleOptions): Promise<void>;
  /** Every write in order, with its author and reason. */
  history(): readonly HistoryEntry[];
  /** The chain of reasons that brought an object to its state, as `cox why` prints it. */
  why(type: string, name: string, namespace?: string): Promise<string>;
  /** A request on the cluster's network, as a pod of `namespace` would make it: to a service's name or address, or to a pod's. */
  fetch(url: string, request?: FetchOptions): Promise<Required<SimulatedAnswer>>;
  readonly nodes: ClusterNodes;
  readonly faults: ClusterFaults;
  readonly controlPlane: ClusterControlPlane;
  snapshot(): Promise<Snapshot>;
  /** Another cluster that begins where this one stands; neither knows of the other from then on. */
  fork(): Promise<Cluster>;
  /** A real HTTPS address on loopback (port 0: any that is free); virtual time goes along with real time while it is served. */
  serve(port?: number): Promise<Served>;
  /** Ends everything; nothing is left. */
  close(): Promise<void>;
}
export interface ClusterFaults {
  /** Times count from now. Throws when the cluster was made without `faults`. */
  add(faults: readonly Fault[]): void;
  /** All that were added. */
  readonly list: readonly Fault[];
  /** How many are to come, or go on. */
  readonly pending: number;
  /** What has begun and ended so far. */
  readonly log: Injector["log"];
}
/** The cluster's machines. All act at once; what follows takes its time. */
export interface ClusterNodes {
  readonly names: readonly string[];
  /** Whether the machine has power, and whether its kubelet runs. */
  state(name: string): { readonly on: boolean; readonly kubelet: boolean };
  /** The machine's power goes: all that runs there ends, and nobody is told. */
  stop(name: string): void;
  /** The power comes back; the kubelet starts with it. */
  start(name: string): void;
  /** The kubelet dies where it stands; containers run on. */
  stopKubelet(name: string): void;
  startKubelet(name: string): void;
}
/** The processes that hold apiserver, controllers and scheduler; the store outlives them. */
export interface ClusterControlPlane {
  /** One name for each; "control-plane" when there is but one. */
  readonly names: readonly string[];
  runs(name?: string): boolean;
  /** It dies where it stands, in the middle of whatever it does; without a name all of them. */
  stop(name?: string): void;
  /** Resolves when it serves again; without a name all of them. */
  start(name?: string): Promise<void>;
}
export interface FetchOptions extends Partial<Pick<SimulatedRequest, "method" | "headers" | "body">> {
  /** Whose names are tried first; "default". */
  readonly namespace?: string;
}
/** Any object, as far as a person writes it. */
export interface KubeDraft {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** What a cluster needs of the process that it lives in. */
export interface ClusterHost {
  /** Resolves when no promise has anything to do. */
  readonly rest: () => Promise<void>;
  readonly streams: (runtime: Runtime) => StreamServer;
  /** The time that people live in. */
  readonly clock: Clock;
  readonly serve: (handler: Handler, port: number, log: Log) => Promise<Served>;
}

const NETWORK: Network = { clusterDomain: "cluster.local", serviceCidr: "10.96.0.0/16", clusterCidr: "10.0.0.0/9" };
/** The user of `cluster.client`, with all rights. */
const ADMIN = { name: "kubernetes-admin", groups: [MASTERS, "system:authenticated"] };
/** Virtual milliseconds in which nodes become ready. */
const START = 60_000;
/** Real milliseconds between two looks at real time. */
const FOLLOW = 20;
const MAX_NODES = 5000;

export async function createClusterOn(host: ClusterHost, options: ClusterOptions = {}): Promise<Cluster> {
  const { from, log = silentLog } = options;
  const seed = from?.seed ?? options.seed ?? 1;
  const nodes = from?.nodes ?? options.nodes ?? 1;
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > MAX_NODES) throw new Error(`nodes: from 0 to ${MAX_NODES}, not ${nodes}`);
  const start = from?.now ?? (options.start === undefined ? Date.UTC(2026, 0, 1) : Date.parse(new Date(options.start).toISOString()));
  const network = from?.network ?? NETWORK;
  const stages = options.stages === undefined ? undefined : stageSet(stagesOf(options.stages));
  const clock = virtualClock(start, { elapsed: from?.elapsed ?? 0, rest: host.rest });
  const chance = seededChance(from?.chance ?? seed);
  const store = memoryStore({ clock, state: from?.store });
  const history = new History(clock.now, from?.history);
  /** Revisions of deletions that a DELETE asked for; kept while invariants are looked at. */
  const deletions = new Set<number>();
  const witness: Witness = (write, did, name, revision, record) => {
    history.witness(write, did, name, revision, record);
    if (checks && did === "delete" && write.manager === "" && write.subresource === "") deletions.add(revision);
  };
  const link = new Link(clock, options.faults !== undefined);
  let simulated: PlayedNodes | undefined;
  let checks: Checker | undefined;
  const kubeletOf = (name: string): Handler => {
    const handle = simulated?.kubeletOf(name);
    if (!handle) throw failure(503, "ServiceUnavailable", `the kubelet of node "${name}" cannot be reached`);
    return request => handle({ ...request, identity: component("kube-apiserver", MASTERS) });
  };
  const parts = {
    ...network,
    store,
    clock,
    chance,
    log,
    signer: simulatedSigner(seed),
    rootCa: "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n",
    address: "198.18.0.1",
    port: 6443,
    platform: "linux/amd64",
    connect: {
      kubeletOf,
      addressOf: () => {
        throw failure(503, "ServiceUnavailable", "a simulated cluster has no network to dial in");
      },
    },
    witness,
  };
  /** Lets time pass until `work` has ended; its error when it does not. */
  async function during<T>(work: Promise<T>, ms: number, otherwise: () => string): Promise<T> {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    const end = clock.monotonic() + ms;
    await host.rest();
    while (!over) if (!(await clock.step(end - clock.monotonic())) && !over) throw new Error(otherwise());
    return done;
  }
  const scriptOf = (container: ContainerSpec, pod: Pod | undefined): Script | undefined => {
    const image = imageNamed(options.images ?? {}, container.userImage);
    return image && scriptFrom(image(viewOf(container, pod)));
  };
  const chosen = options.invariants === "all" ? invariants : (options.invariants ?? []);
  if (chosen.length > 0) {
    const runsOn = (uid: string) => simulated?.all.filter(m => m.runtime.runs(uid)).map(m => m.name) ?? [];
    checks = checker({ invariants: chosen, store, link, now: clock.now, runsOn, isRequestedDeletion: r => deletions.has(r) });
  }
  /** Throws what must never have happened. */
  const check = () => {
    const [breach] = checks?.breaches ?? [];
    if (breach) throw new InvariantBreach(breach);
  };
  const beginning = startPlanes({ count: options.controlPlanes ?? 1, parts, link });
  const planes = await during(beginning, START, () => "the control plane did not start");
  const busy = () => [...planes.busy(), ...(simulated?.busy() ?? [])];
  const clientOf = (user: Identity, userAgent: string, process: string, life?: ProcessLife) =>
    createClient(link.join(process, actingAs(planes.handle, user), life), { userAgent, clock, values: true });
  if (nodes > 0) {
    const played = { plane: planes, options: { ...network, nodes, nodeName: "node-1" }, clock, chance, log, off: from?.off };
    simulated =
      stages === undefined
        ? startSimulated({
            ...played,
            clientFor: (name, life) => clientOf(component(`node:${name}`, "system:nodes"), "kubelet", `kubelet/${name}`, life),
            streams: host.streams,
            scriptOf,
            places: from?.places,
            machines: from?.machines,
            apart: options.faults !== undefined,
          })
        : startStaged({ ...played, client: clientOf(component("stages", MASTERS), "stages", "stages"), stages });
    await during(simulated.ready, START, () => `not every node became ready: ${busy().join("; ")}`);
  }
  const toApi = link.join(ADMINISTRATOR, actingAs(planes.handle, ADMIN));
  const world = { clock, link, machines: simulated?.all ?? [], planes: planes.all };
  const faults = injector(world, seed);
  faults.add(options.faults ?? []);
  // who calls may change what it gets
  const own = createClient(toApi, { userAgent: "coxswain", clock });
  const client = typedClient(own, host.rest);
  const machine = (name: string) => {
    if (!simulated) throw new Error("the cluster has no nodes");
    return simulated.node(name);
  };
  const planesNamed = (name: string | undefined) => {
    const found = planes.all.filter(p => name === undefined || p.name === name);
    if (found.length === 0) throw new Error(`no control plane is called "${name}"`);
    return found;
  };
  let closed = false;

  const ends = new Set<() => void | Promise<void>>();
  /** Whoever moves time does so alone. */
  let moving: Promise<unknown> = Promise.resolve();
  const alone = <T>(move: () => Promise<T>): Promise<T> => {
    const mine = moving.then(move);
    moving = mine.catch(() => undefined);
    return mine;
  };
  function follow(speed = 1): () => void {
    const ending = new AbortController();
    const stop = () => {
      ending.abort();
      ends.delete(stop);
    };
    ends.add(stop);
    const go = async () => {
      for (let last = host.clock.monotonic(); !ending.signal.aborted; ) {
        await host.clock.sleep(FOLLOW, ending.signal);
        const now = host.clock.monotonic();
        await alone(() => clock.advance((now - last) * speed));
        last = now;
      }
    };
    go().catch(error => {
      if (!ending.signal.aborted) log.error("virtual time stands still", { error: String(error) });
    });
    return stop;
  }

  const cluster: Cluster = {
    client,
    transport: own.transport,
    clock: {
      now: clock.now,
      advance: by =>
        alone(async () => {
          await clock.advance(durationOf("advance", by));
          check();
        }),
      follow,
    },
    faults: {
      add(more) {
        if (!options.faults) throw new Error("the cluster was made without faults: createCluster({ faults: [] })");
        faults.add(more);
      },
      list: faults.faults,
      get pending() {
        return faults.pending;
      },
      log: faults.log,
    },
    async apply(given) {
      const objects = typeof given === "string" ? documents(given) : Array.isArray(given) ? given : [given as KubeDraft];
      const applied: KubeObject[] = [];
      for (const object of objects) {
        const kind = kindAt(object);
        const { name = "", namespace = "default" } = object.metadata ?? {};
        const where = { ...(kind.namespaced && { namespace }), fieldManager: "coxswain", force: true };
        await host.rest();
        applied.push(await own.patch(kind, name, "apply", object, where));
      }
      return applied;
    },
    settled: (how = {}) =>
      alone(async () => {
        const quiet = durationOf("quiet", how.quiet ?? 15_000);
        const within = durationOf("within", how.within ?? 3600_000);
        const end = clock.now() + within;
        let since = clock.now();
        for (;;) {
          // what is due at this very instant is work under way
          while (await clock.step(0));
          const working = busy();
          if (working.length > 0) since = clock.now();
          const calm = Math.max(since, history.lastWork.at);
          check();
          if (clock.now() - calm >= quiet) {
            if (faults.pending === 0) checks?.quiet();
            return check();
          }
          const last = Math.min(calm + quiet, end);
          if (clock.now() >= end) {
            const why = working.length > 0 ? working.join("; ") : `the last write was: ${history.lastWork.says}`;
            throw new Error(`the cluster did not settle within ${formatDuration(within)}: ${why}`);
          }
          if (!(await clock.step(last - clock.now()))) await clock.advance(last - clock.now());
        }
      }),
    history: () => history.list(),
    async why(type, name, namespace = "default") {
      const query = new URLSearchParams({ type, name, namespace });
      await host.rest();
      const answer = await own.transport({ method: "GET", url: `/coxswain/why?${query}`, headers: { "user-agent": "coxswain" } });
      const said = text(await bytesOf(answer));
      if (answer.status !== 200) throw failure(answer.status, "", said);
      return said;
    },
    async fetch(url, { namespace = "default", method = "GET", headers = {}, body = "" } = {}) {
      const target = new URL(url);
      await host.rest();
      const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
      const to = destination(planes.views, { domain: network.clusterDomain, namespace, host: target.hostname, port }, chance);
      const path = `${target.pathname}${target.search}`;
      const at = simulated?.at ?? (() => undefined);
      return exchange(at, to.address, { method, path, port: to.port, headers: { host: target.host, ...headers }, body });
    },
    nodes: {
      names: simulated?.names ?? [],
      state: name => ({ on: machine(name).isOn, kubelet: machine(name).kubeletRuns }),
      stop: name => machine(name).stop(),
      start: name => machine(name).start(),
      stopKubelet: name => machine(name).stopKubelet(),
      startKubelet: name => machine(name).startKubelet(),
    },
    controlPlane: {
      names: planes.all.map(p => p.name),
      runs: name => planesNamed(name).every(p => p.runs),
      stop: name => {
        for (const plane of planesNamed(name)) plane.stop();
      },
      start: name =>
        alone(async () => {
          await during(
            Promise.all(planesNamed(name).map(p => p.start())),
            START,
            () => `the control plane did not start: ${busy().join("; ")}`,
          );
        }),
    },
    async snapshot() {
      assert(!closed, "the cluster is open");
      await host.rest();
      return {
        format: 1,
        seed,
        nodes,
        now: clock.now(),
        elapsed: clock.monotonic(),
        chance: chance.state(),
        store: store.state(),
        machines: simulated?.machines() ?? {},
        off: simulated?.names.filter(name => !simulated?.node(name).isOn) ?? [],
        history: history.state(),
        ...(from?.places && { places: from.places }),
        ...(from?.network && { network }),
      };
    },
    fork: async () => createClusterOn(host, { ...options, from: await cluster.snapshot() }),
    async serve(port = 0) {
      const served = await host.serve(planes.handle, port, log);
      const stop = follow();
      const close = async () => {
        ends.delete(close);
        stop();
        await served.close();
      };
      ends.add(close);
      return { ...served, close };
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const end of ends) await end();
      await moving;
      await during(
        (async () => {
          checks?.close();
          await simulated?.stop();
          await planes.close();
          await store.close();
        })(),
        START,
        () => `the cluster did not end: ${busy().join("; ")}`,
      );
    },
  };
  return cluster;
}

function stagesOf(stages: string | readonly object[]): readonly StageSource[] {
  return stages === FAST_STAGES ? [] : [{ name: "stages", stages }];
}
/** Something happened that never must. */
export class InvariantBreach extends Error {
  readonly breach: Breach;
  constructor(breach: Breach) {
    super(`${breach.invariant}: ${breach.says}`);
    this.breach = breach;
  }
}
/** The function for a reference: by all of it, or without its tag or digest. */
function imageNamed(images: Readonly<Record<string, ImageFunction>>, reference: string): ImageFunction | undefined {
  const bare = reference.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  return images[reference] ?? images[bare];
}
function viewOf(container: ContainerSpec, pod: Pod | undefined): ContainerView {
  const { name, attempt, userImage, command, args, env } = container;
  return {
    name,
    namespace: pod?.metadata.namespace ?? "",
    pod: pod?.metadata.name ?? "",
    node: pod?.spec.nodeName ?? "",
    image: userImage,
    command,
    args,
    env: Object.fromEntries(env.map(e => [e.name, e.value])),
    restarts: attempt,
  };
}
function scriptFrom({ runsFor, stopTakes, ...script }: ContainerScript): Script {
  return {
    ...script,
    ...(runsFor !== undefined && { runsFor: durationOf("runsFor", runsFor) }),
    ...(stopTakes !== undefined && { stopTakes: durationOf("stopTakes", stopTakes) }),
  };
}
