/**
 * The kubelet: one loop a pod (worker.ts), woken by the API's watch of this node's pods, the runtime's events, probes and timers.
 * It holds nothing that it could not rebuild: a new process adopts what runs.
 */
import type { Chance } from "#base/chance.ts";
import { type Clock, pauses } from "#base/clock.ts";
import type { Handler } from "#base/http.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { createRecorder } from "#client/events.ts";
import { Reasons } from "#client/reasons.ts";
import { keyOf, type View } from "#client/view.ts";
import { createViews } from "#client/views.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { rejectionOf } from "#kubelet/admit.ts";
import type { NodeSetting } from "#kubelet/containerspec.ts";
import { Evictor } from "#kubelet/evictor.ts";
import { collectGarbage, type GarbageParts } from "#kubelet/garbage.ts";
import { Images } from "#kubelet/images.ts";
import { rotateLogs } from "#kubelet/logrotation.ts";
import { Mounts, messageOf } from "#kubelet/mounts.ts";
import { RUNTIME_SCHEME } from "#kubelet/names.ts";
import { type ClusterDns, parseResolvConf } from "#kubelet/network.ts";
import { type NodeConfig, NodeReporter } from "#kubelet/node.ts";
import { clearOrphan } from "#kubelet/orphan.ts";
import type { Cgroups, Disk, Events, LogFiles, Machine, Prober, StreamServer } from "#kubelet/ports.ts";
import { type PodState, type Runtime, RuntimeAway } from "#kubelet/runtime.ts";
import { nodeApi } from "#kubelet/server.ts";
import { Sources } from "#kubelet/sources.ts";
import { isTerminal } from "#kubelet/status.ts";
import { tiersOf } from "#kubelet/tiers.ts";
import { Tokens } from "#kubelet/tokens.ts";
import { type Shared, Worker } from "#kubelet/worker.ts";

export interface KubeletConfig {
  readonly node: NodeConfig;
  /** Directory of volumes; `<root>/memory` becomes a tmpfs for secrets. */
  readonly root: string;
  /** Log files lie in `<logs>/pods/…`. */
  readonly logs: string;
  /** Where `kubepods` lies: empty, or a path that begins with a slash. */
  readonly cgroupRoot: string;
  readonly seccompRoot: string;
  readonly dns: ClusterDns;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly podPidsLimit: number | undefined;
  /** Images that are never collected, e.g. the pause image. */
  readonly keepImages: readonly string[];
  /** Percent of the image filesystem: collection begins above the first and ends below the second. */
  readonly imageThresholds: { readonly high: number; readonly low: number };
}
export interface KubeletParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly disk: Disk;
  readonly logFiles: LogFiles;
  readonly cgroups: Cgroups;
  readonly machine: Machine;
  readonly prober: Prober;
  readonly streams: StreamServer;
  readonly reasons?: Reasons;
  /** Views of another, when many nodes share a process: this node's pods, and all services. Else it has watches of its own. */
  readonly shared?: { readonly pods: View<Pod>; readonly services: View<Service> };
}
export interface Kubelet {
  /** Runs until the signal is aborted; containers go on running then. */
  run(signal: AbortSignal): Promise<void>;
  /** The node's own HTTPS API. */
  readonly handle: Handler;
  readonly reasons: Reasons;
  /** Pods that something is being done for: namespace/name. */
  busy(): readonly string[];
  /** Resolves when the node is registered and the runtime answers. */
  readonly ready: Promise<void>;
}

/** Between full lists of the runtime; its events tell of changes in the meantime. */
const RELIST = { soon: 1000, everyMs: 60_000, unwell: 100 };
const RECONNECT = { first: 200, most: 5000 };
/** Milliseconds in which changes of the pods are gathered before the tiers are weighed anew. */
const WEIGH_AFTER = 1000;
const HOUSEKEEPING = { logs: 10_000, garbage: 60_000, signals: 10_000 };

export function createKubelet(config: KubeletConfig, parts: KubeletParts): Kubelet {
  const { client, clock, log, runtime } = parts;
  const reasons = parts.reasons ?? new Reasons();
  const recorder = createRecorder({ client, clock, log, component: "kubelet", host: config.node.name });
  const events: Events = {
    tell: (about, type, reason, message) =>
      recorder.event(about, type, reason, message, about.fieldPath ? { fieldPath: about.fieldPath } : {}),
  };
  const workers = new Map<string, Worker>();
  const ready = Promise.withResolvers<void>();
  const state = { serves: false, pods: undefined as View<Pod> | undefined, node: undefined as Node | undefined };
  let reporter: NodeReporter | undefined;
  let lost: (error: unknown) => void = () => undefined;
  const clearing = new Set<string>();

  async function run(until: AbortSignal): Promise<void> {
    // a signal of its own: many kubelets that waited at one would make each wait long
    const ending = new AbortController();
    const { signal } = ending;
    until.addEventListener("abort", () => ending.abort(until.reason), { once: true });
    if (until.aborted) ending.abort(until.reason);
    const roots = { root: config.root, memory: `${config.root}/memory`, logs: config.logs };
    const info = await parts.machine.info();
    await parts.disk.prepare(roots.root, roots.memory);
    const views = createViews({ client, clock, log });
    const pods = parts.shared?.pods ?? views.of(Pod, { fieldSelector: `spec.nodeName=${config.node.name}` });
    const services = parts.shared?.services ?? views.of(Service);
    state.pods = pods;
    const garbage: GarbageParts = { ...parts, config, pods, roots, isKnown: uid => workers.has(uid) || clearing.has(uid) };
    const evictor = new Evictor({
      ...parts,
      info,
      events,
      root: config.root,
      node: { apiVersion: "v1", kind: "Node", metadata: { name: config.node.name, uid: config.node.name } },
      workers: () => workers.values(),
      able: () => state.serves && pods.synced,
      reclaim: async () => node.imagesAre(await collectGarbage(garbage, true)),
    });
    await evictor.look();
    const node = new NodeReporter(config.node, { ...parts, shortness: evictor }, info);
    reporter = node;
    const setting: NodeSetting = {
      roots,
      dns: config.dns,
      cgroupRoot: config.cgroupRoot,
      seccompRoot: config.seccompRoot,
      memoryCapacity: info.memoryBytes,
      nodeDns: parseResolvConf(await parts.machine.resolvConf()),
    };
    const changed = (uids: Iterable<string>) => {
      for (const uid of uids) workers.get(uid)?.sourceChanged();
    };
    const sources = new Sources({ client, clock, log, services, changed }, signal);
    const tokens = new Tokens(client, clock);
    const shared: Shared = {
      ...parts,
      events,
      reasons,
      logs: parts.logFiles,
      images: new Images({ runtime, clock, events, lookup: sources }),
      mounts: new Mounts({ disk: parts.disk, machine: parts.machine, chance: parts.chance, lookup: sources, tokens, setting }),
      sources,
      setting,
      pidsLimit: config.podPidsLimit,
      allocatable: () => node.allocatable,
      hostIps: () => node.hostIps,
      runtimeName: () => RUNTIME_SCHEME,
      runtimeServes: () => state.serves,
      nodeWell: () => node.well,
      runtimeLost: error => lost(error),
      finished: uid => {
        workers.delete(uid);
        weigh();
      },
    };
    // the weights of the classes follow the pods that are here; changes are taken together
    let due = false;
    const weigh = () => {
      if (due) return;
      due = true;
      void clock.sleep(WEIGH_AFTER, signal).then(setWeights, () => undefined);
    };
    const setWeights = async () => {
      due = false;
      const present = [...workers.values()].filter(w => w.counts).map(w => w.pod);
      const memoryBytes = info.memoryBytes - config.node.reserved.memoryBytes;
      try {
        for (const [name, settings] of tiersOf(config.cgroupRoot, present, { cpus: info.cpus, memoryBytes }))
          await parts.cgroups.ensure(name, settings);
      } catch (error) {
        log.warn("the groups above the pods could not be set", { error: messageOf(error) });
      }
    };
    weigh();

    const tasks: Promise<void>[] = [
      every(HOUSEKEEPING.signals, signal, async () => {
        try {
          await evictor.look();
        } finally {
          node.look();
        }
      }),
    ];
    const registered = node.register(signal).then(n => {
      state.node = n;
      if (!n) return;
      tasks.push(node.reportStatus(signal), node.keepLease(signal));
    });
    const first = Promise.withResolvers<readonly PodState[]>();
    tasks.push(followRuntime(signal, node, first.resolve));
    const known = new Map((await Promise.race([first.promise, aborted(signal, [])])).map(s => [s.uid, s]));
    if (!signal.aborted) {
      // the pods of this node: each has its loop from the moment that it is seen
      const seen = (pod: Pod) => {
        const uid = pod.metadata.uid ?? "";
        const worker = workers.get(uid);
        if (worker) worker.update(pod);
        else {
          begin(shared, pod, known.get(uid), evictor.pressures);
          weigh();
        }
      };
      const unfollow = pods.onChange(({ object, old }) => {
        if (old && old.metadata.uid !== object?.metadata.uid) workers.get(old.metadata.uid ?? "")?.removed();
        if (object) seen(object);
      });
      signal.addEventListener("abort", unfollow, { once: true });
      tasks.push(
        pods.ready().then(() => {
          for (const s of known.values()) if (!workers.has(s.uid)) orphan(shared, s);
        }),
      );
    }
    registered.then(ready.resolve).catch(ready.reject);
    tasks.push(
      every(HOUSEKEEPING.logs, signal, () =>
        rotateLogs(
          [...workers.values()].map(w => w.state),
          parts,
        ),
      ),
      every(HOUSEKEEPING.garbage, signal, async () => {
        if (state.serves && pods.synced) node.imagesAre(await collectGarbage(garbage));
      }),
    );
    await aborted(signal, undefined);
    for (const worker of workers.values()) worker.close();
    views.stop();
    await Promise.allSettled(tasks);
    await recorder.flush();
  }

  function begin(shared: Shared, pod: Pod, found: PodState | undefined, pressures: Evictor["pressures"]): void {
    const { phase, startTime } = pod.status ?? {};
    const fresh = !isTerminal(phase) && !startTime && !pod.metadata.deletionTimestamp;
    const others = [...workers.values()].filter(w => w.counts && !isTerminal(w.pod.status?.phase)).map(w => w.pod);
    const { allowedUnsafeSysctls: allowedSysctls } = config;
    const admission = { node: state.node, allocatable: shared.allocatable(), others, allowedSysctls, pressures };
    const rejected = fresh ? rejectionOf(pod, admission) : undefined;
    const worker = new Worker(shared, pod, found, rejected);
    workers.set(worker.uid, worker);
    if (rejected) events.tell({ apiVersion: "v1", kind: "Pod", metadata: pod.metadata }, "Warning", rejected.reason, rejected.message);
    // a pod that has begun before may have more in the runtime than this process was told
    if (fresh) worker.wake();
    else worker.touch();
  }
  function orphan(shared: Shared, found: PodState): void {
    if (clearing.has(found.uid)) return;
    clearing.add(found.uid);
    clearOrphan(shared, found)
      .catch(error => log.warn("what is left of a pod resists removal", { pod: found.uid, error: messageOf(error) }))
      .finally(() => clearing.delete(found.uid));
  }

  /** Connects, lists, follows events; again whenever the runtime has been away. */
  async function followRuntime(signal: AbortSignal, node: NodeReporter, first: (states: readonly PodState[]) => void): Promise<void> {
    let wait = RECONNECT.first;
    while (!signal.aborted) {
      const gone = Promise.withResolvers<never>();
      gone.promise.catch(() => undefined);
      lost = gone.reject;
      const round = new AbortController();
      const stop = () => round.abort();
      signal.addEventListener("abort", stop, { once: true });
      try {
        const { name, version } = await runtime.version();
        const following = follow(round.signal);
        following.catch(() => undefined);
        const relist = async () => {
          const states = await runtime.list();
          const byUid = new Map(states.map(s => [s.uid, s]));
          for (const w of workers.values()) w.listed(byUid.get(w.uid));
          return states;
        };
        const states = await relist();
        state.serves = true;
        first(states);
        const look = async () => {
          const { runtimeReady, networkReady, message } = await runtime.status();
          const problem = !runtimeReady
            ? `container runtime is down${message ? `: ${message}` : ""}`
            : !networkReady
              ? `container runtime network not ready: ${message}`
              : undefined;
          const was = node.well;
          node.runtimeIs({ name, version, problem });
          // while the node was not ready its pods were not either, and they may be again
          if (!was && node.well) for (const w of workers.values()) w.wake();
          return problem === undefined;
        };
        await look();
        node.imagesAre(await runtime.images());
        wait = RECONNECT.first;
        for (const w of workers.values()) w.touch();
        // A node waits for its network on the first start: it is looked at often until it is there.
        const untilWell = async () => {
          while (!(await look())) await clock.sleep(RELIST.unwell, round.signal);
        };
        const watching = (async () => {
          await untilWell();
          await clock.sleep(RELIST.soon, round.signal);
          await relist();
          await every(RELIST.everyMs, round.signal, async () => {
            await relist();
            await untilWell();
          });
        })();
        await Promise.race([following, watching, gone.promise]);
      } catch (error) {
        if (!signal.aborted) log.warn("the container runtime is away", { error: messageOf(error) });
      }
      state.serves = false;
      round.abort();
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return;
      node.runtimeAway();
      await clock.sleep(wait, signal).catch(() => undefined);
      wait = Math.min(RECONNECT.most, wait * 2);
    }
  }
  async function follow(signal: AbortSignal): Promise<void> {
    for await (const event of runtime.events(signal)) {
      if (event.podUid !== undefined) workers.get(event.podUid)?.happened(event);
      else for (const w of workers.values()) if (w.state?.containers.some(c => c.id === event.containerId)) w.touch();
    }
    if (!signal.aborted) throw new RuntimeAway("the stream of events ended");
  }
  /** Repeats until the signal is aborted; a failure is logged and waits for the next turn, unless the runtime is away. */
  async function every(ms: number, signal: AbortSignal, body: () => Promise<void>): Promise<void> {
    const pause = pauses(clock, signal);
    while (!signal.aborted) {
      await pause(ms);
      if (signal.aborted) return;
      try {
        await body();
      } catch (error) {
        if (error instanceof RuntimeAway) lost(error);
        else log.warn("housekeeping failed; it is tried again", { error: messageOf(error) });
      }
    }
  }

  const handle = nodeApi({ ...parts, config, workers: () => [...workers.values()], reporter: () => reporter });
  const busy = () => [...workers.values()].filter(w => w.busy).map(w => keyOf(w.pod));
  return { run, handle, reasons, busy, ready: ready.promise };
}

function aborted<T>(signal: AbortSignal, value: T): Promise<T> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(value);
    else signal.addEventListener("abort", () => resolve(value), { once: true });
  });
}
