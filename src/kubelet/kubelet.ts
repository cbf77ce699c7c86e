/**
 * The kubelet: one loop a pod (worker.ts), woken by the API's watch of this node's pods, the runtime's events, probes and timers.
 * It holds nothing that it could not rebuild: a new process adopts what runs.
 */
import type { Handler } from "#base/http.ts";
import { wanted } from "#base/reading.ts";
import { createRecorder } from "#client/events.ts";
import { type Reason, Reasons } from "#client/reasons.ts";
import { createViews } from "#client/views.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { Service } from "#kinds/core/v1/service.ts";
import type { KubeletConfig, KubeletParts } from "#kubelet/config.ts";
import type { NodeSetting } from "#kubelet/containerspec.ts";
import { Evictor } from "#kubelet/evictor.ts";
import { Following } from "#kubelet/follow.ts";
import { Garbage } from "#kubelet/garbage.ts";
import { type Chore, keepHouse, MINUTE, UNSURE, WHILE_STILL } from "#kubelet/housekeeping.ts";
import { Images } from "#kubelet/images.ts";
import { keepLease } from "#kubelet/lease.ts";
import { rotateLogs } from "#kubelet/logrotation.ts";
import { Mounts, messageOf } from "#kubelet/mounts.ts";
import { RUNTIME_SCHEME } from "#kubelet/names.ts";
import { parseResolvConf } from "#kubelet/network.ts";
import { NodeReporter } from "#kubelet/node.ts";
import type { EventSubject, Events } from "#kubelet/ports.ts";
import { RuntimeAway } from "#kubelet/runtime.ts";
import { Sources } from "#kubelet/sources.ts";
import { Tokens } from "#kubelet/tokens.ts";
import { keepWeights } from "#kubelet/weights.ts";
import type { Shared } from "#kubelet/worker.ts";
import { Workers } from "#kubelet/workers.ts";

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

/** What keeps a pod from running well, among the reasons for its state. */
function warningOf({ kind, metadata }: EventSubject, did: string, because: string, at: number): Reason {
  const subject = { kind, namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
  return { at, loop: "kubelet", intent: subject, did, target: subject, because, error: "" };
}

export function createKubelet(config: KubeletConfig, parts: KubeletParts): Kubelet {
  const { client, clock, log, runtime } = parts;
  const reasons = parts.reasons ?? new Reasons();
  const recorder = createRecorder({ client, clock, log, component: "kubelet", host: config.node.name });
  const events: Events = {
    tell(about, type, reason, message) {
      recorder.event(about, type, reason, message, about.fieldPath ? { fieldPath: about.fieldPath } : {});
      if (type === "Warning") reasons.add(warningOf(about, reason, message, clock.now()));
    },
  };
  const workers = new Workers();
  const ready = Promise.withResolvers<void>();
  let reporter: NodeReporter | undefined;

  async function run(until: AbortSignal): Promise<void> {
    // a signal of its own: many kubelets that waited at one would make each wait long
    const ending = new AbortController();
    const { signal } = ending;
    until.addEventListener("abort", () => ending.abort(until.reason), { once: true });
    if (until.aborted) ending.abort(until.reason);
    /** How often what the chores look at has changed, the machine apart. */
    let stirred = 0;
    const stir = () => {
      stirred++;
    };
    const { changes } = parts;
    const stirs = () => (changes && changes.untold === 0 ? changes.count + stirred : undefined);
    const roots = { root: config.root, memory: `${config.root}/memory`, logs: config.logs };
    const info = await parts.machine.info();
    await parts.disk.prepare(roots.root, roots.memory);
    const views = createViews({ client, clock, log });
    const pods = parts.shared?.pods ?? views.of(Pod, { fieldSelector: `spec.nodeName=${config.node.name}` });
    const services = parts.shared?.services ?? views.of(Service);
    const garbage = new Garbage({ ...parts, config, pods, roots, isKnown: uid => workers.isKnown(uid) });
    const evictor: Evictor = new Evictor({
      ...parts,
      info,
      events,
      roots,
      rules: config.eviction,
      node: { apiVersion: "v1", kind: "Node", metadata: { name: config.node.name, uid: config.node.name } },
      workers,
      able: () => following.serves && pods.synced,
      reclaim: async () => node.imagesAre(await garbage.collect(await runtime.list(), true)),
      changed: () => node.shortnessChanged(),
    });
    const node = new NodeReporter(config.node, { client, clock, log, shortness: evictor, rules: config.eviction }, info);
    const following = new Following({ runtime, clock, log, workers, node, stir });
    await evictor.look();
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
    const weigh = keepWeights(
      {
        ...parts,
        cgroupRoot: config.cgroupRoot,
        room: { cpus: info.cpus, memoryBytes: info.memoryBytes - config.node.reserved.memoryBytes },
        pods: () => workers.counting,
      },
      signal,
    );
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
      runtimeServes: () => following.serves,
      nodeWell: () => node.well,
      runtimeLost: error => following.lost(error),
      stir,
      finished: uid => {
        workers.finished(uid);
        stir();
        weigh();
      },
    };
    weigh();

    const chores: readonly Chore[] = [
      { turns: 1, run: () => evictor.look() },
      { turns: 1, run: () => node.look() },
      { turns: 1, run: () => rotateLogs(workers, parts) },
      {
        turns: MINUTE,
        run: async () => {
          const states = await following.look();
          if (!states || !pods.synced) return UNSURE;
          node.imagesAre(await garbage.collect(states));
          return garbage.clean && node.well ? WHILE_STILL : UNSURE;
        },
      },
    ];
    const failed = (error: unknown) => {
      if (error instanceof RuntimeAway) following.lost(error);
      else log.warn("housekeeping failed; it is tried again", { error: messageOf(error) });
    };
    let self: Node | undefined;
    const tasks: Promise<unknown>[] = [keepHouse(chores, { clock, stirs, failed }, signal)];
    const registered = node.register(signal).then(n => {
      self = n;
      if (n) tasks.push(node.reportStatus(signal), keepLease(node, parts, signal));
    });
    tasks.push(following.run(signal));
    const known = new Map((await Promise.race([following.first, aborted(signal, [])])).map(s => [s.uid, s]));
    if (!signal.aborted) {
      const { allowedUnsafeSysctls: allowedSysctls } = config;
      const admission = () => ({ node: self, allocatable: node.allocatable, allowedSysctls, pressures: evictor.pressures });
      tasks.push(workers.follow({ shared, pods, known, admission, grown: weigh }, signal));
    }
    registered.then(ready.resolve).catch(ready.reject);
    await aborted(signal, undefined);
    workers.close();
    views.stop();
    await Promise.allSettled(tasks);
    await recorder.flush();
  }

  // for who reads logs, or runs something in a container
  let api: Promise<Handler> | undefined;
  const handle: Handler = async request => {
    api ??= wanted(import("#kubelet/server.ts")).then(({ nodeApi }) =>
      nodeApi({ ...parts, config, workers: () => workers.list, reporter: () => reporter }),
    );
    return (await api)(request);
  };
  return { run, handle, reasons, busy: () => workers.busy, ready: ready.promise };
}

function aborted<T>(signal: AbortSignal, value: T): Promise<T> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(value);
    else signal.addEventListener("abort", () => resolve(value), { once: true });
  });
}
