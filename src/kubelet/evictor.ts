/**
 * Looks at the node's signals, gives back what nobody uses, and evicts one pod after another while it runs short (eviction.ts says whom);
 * and at each pod's own use of the disk, where it has said a limit (ownlimits.ts).
 */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { type Soon, soon, together } from "#base/soon.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { type Candidate, evictionOf, isWell, lookAt, ranked, type Shortage, type Shortness, WELL } from "#kubelet/eviction.ts";
import { UNSURE, WHILE_STILL } from "#kubelet/housekeeping.ts";
import { podPaths, type Roots } from "#kubelet/names.ts";
import type { Eviction } from "#kubelet/observed.ts";
import { exceeded, hasOwnLimits } from "#kubelet/ownlimits.ts";
import type { Disk, DiskUsage, EventSubject, Events, Machine, MachineInfo, MemoryUse } from "#kubelet/ports.ts";
import type { Runtime, RuntimeStats } from "#kubelet/runtime.ts";
import { isTerminal } from "#kubelet/status.ts";
import type { EvictionRules, Pressure } from "#kubelet/thresholds.ts";
import { planOf } from "#kubelet/volumes.ts";
import type { Worker } from "#kubelet/worker.ts";

export interface EvictorParts {
  readonly machine: Machine;
  readonly info: MachineInfo;
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Events;
  readonly roots: Roots;
  readonly rules: EvictionRules;
  readonly node: EventSubject;
  readonly workers: Iterable<Worker>;
  /** False while nothing can be done about a shortage. */
  readonly able: () => boolean;
  /** Removes all that nobody uses. */
  readonly reclaim: () => Promise<void>;
  /** What the node says that it is short of, or has for a disk, is another than before. */
  readonly changed: () => void;
}
/** How long one pod's end is waited for before the next is evicted (upstream). */
const PATIENCE_MS = 30_000;
/** For so long a directory's size counts as it was measured (upstream's volumeStatsAggPeriod): it takes a walk through all of it. */
const MEASURED_MS = 60_000;

export class Evictor {
  readonly #parts: EvictorParts;
  #known: Shortness = WELL;
  #pressures: ReadonlySet<Pressure> = new Set();
  /** Where the runtime keeps images; empty: it does not say. Undefined until it was asked. */
  #imagePath: string | undefined;
  #victim: { readonly worker: Worker; readonly at: number } | undefined;
  /** Whether pods have said limits of their own disk. */
  readonly #limited = new WeakMap<Pod, boolean>();
  readonly #measured = new Map<string, { readonly at: number; readonly bytes: number }>();
  /** Bytes of the disk that pods' volumes and logs are on. */
  storage = 0;

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }
  /** What the node says that it is short of. */
  get pressures(): ReadonlySet<Pressure> {
    return this.#pressures;
  }
  /** Looks once, and acts, as a chore: of a node that has enough of all nothing is to be said while its signals and its pods stay as they are. */
  look(): Soon<number> {
    return soon(this.#observe(), this.#act);
  }
  readonly #act = (shortages: readonly Shortage[]): Soon<number> => {
    if (!this.#parts.able()) return UNSURE;
    const limited = this.#limitedPods();
    if (limited.some(stays)) return this.#hold(limited.filter(stays), shortages);
    if (shortages.length > 0) return this.#waits() ? UNSURE : this.#relieve(shortages);
    return limited.length === 0 && isWell(this.#known) && this.#imagePath !== undefined ? WHILE_STILL : UNSURE;
  };
  /** Those that have taken more than they may go, and the node's own shortage waits for that. */
  async #hold(limited: readonly Worker[], shortages: readonly Shortage[]): Promise<number> {
    const stats = byId(await this.#parts.runtime.stats());
    const now = this.#parts.clock.monotonic();
    for (const [path, { at }] of this.#measured) if (now - at >= MEASURED_MS) this.#measured.delete(path);
    let held = true;
    for (const worker of limited) {
      const why = exceeded(worker.pod, await this.#diskUse(worker, stats));
      if (!why) continue;
      held = false;
      this.#evict(worker, why);
    }
    if (held && shortages.length > 0 && !this.#waits()) await this.#relieve(shortages);
    return UNSURE;
  }
  /** Those that have said how much of the disk they take at most. */
  #limitedPods(): readonly Worker[] {
    const found: Worker[] = [];
    for (const worker of this.#parts.workers) {
      const { pod } = worker;
      const limited = this.#limited.get(pod) ?? hasOwnLimits(pod);
      this.#limited.set(pod, limited);
      if (limited) found.push(worker);
    }
    return found;
  }
  async #diskUse({ pod, state }: Worker, stats: ReadonlyMap<string, ContainerStats>) {
    const paths = podPaths(this.#parts.roots, pod.metadata);
    const containers = new Map<string, number>();
    for (const { id, name, logPath } of state?.containers ?? []) {
      const logs = await this.#sizeOf(logPath.slice(0, logPath.lastIndexOf("/")));
      containers.set(name, Math.max(containers.get(name) ?? 0, logs + (stats.get(id)?.writableLayerBytes ?? 0)));
    }
    const volumes = new Map<string, number>();
    for (const volume of pod.spec.volumes ?? []) {
      const plan = planOf(volume, paths);
      if (volume.emptyDir && plan.is === "directory") volumes.set(volume.name, await this.#sizeOf(plan.path));
    }
    return { containers, volumes };
  }
  async #sizeOf(path: string): Promise<number> {
    const now = this.#parts.clock.monotonic();
    const known = this.#measured.get(path);
    if (known && now - known.at < MEASURED_MS) return known.bytes;
    // what is not there, or goes while it is looked at, takes nothing
    const bytes = await this.#parts.disk.size(path).catch(() => 0);
    this.#measured.set(path, { at: now, bytes });
    return bytes;
  }
  #evict(worker: Worker, why: Eviction): void {
    const { events, log } = this.#parts;
    const { reason, message } = why;
    log.info("a pod is evicted", { pod: worker.pod.metadata.name, message });
    events.tell({ apiVersion: "v1", kind: "Pod", metadata: worker.pod.metadata }, "Warning", reason, message);
    worker.evict(why);
  }
  async #relieve(met: readonly Shortage[]): Promise<number> {
    const { events, node, log, rules } = this.#parts;
    let shortages = met;
    const first = shortages[0]!;
    events.tell(node, "Warning", "EvictionThresholdMet", `Attempting to reclaim ${first.threshold.resource}`);
    if (shortages.some(s => s.threshold.pressure === "DiskPressure")) {
      await this.#parts.reclaim();
      shortages = await this.#observe();
    }
    const [still] = shortages;
    if (!still) return UNSURE;
    const candidates = await this.#candidates();
    const [victim] = ranked([...candidates.keys()], still);
    if (!victim) {
      log.warn("the node is short, and has no pod to evict", { resource: still.threshold.resource });
      return UNSURE;
    }
    const worker = candidates.get(victim)!;
    this.#victim = { worker, at: this.#parts.clock.monotonic() };
    this.#evict(worker, evictionOf(victim, still, rules));
    return UNSURE;
  }
  /** What the node is short of now. */
  #observe(): Soon<readonly Shortage[]> {
    const { machine, disk, roots } = this.#parts;
    return soon(together([machine.memory(), disk.usage(roots.root), machine.pids(), this.#imageDisk()]), this.#weigh);
  }
  /** The disk of images, where the runtime says that it has one of its own. */
  #imageDisk(): Soon<DiskUsage | undefined> {
    if (this.#imagePath === "") return undefined;
    return this.#imagePath === undefined ? this.#findImageDisk() : this.#parts.disk.usage(this.#imagePath);
  }
  async #findImageDisk(): Promise<DiskUsage | undefined> {
    const { disk, runtime, able } = this.#parts;
    if (able()) this.#imagePath = (await runtime.stats()).imageStore?.path ?? "";
    return this.#imagePath ? disk.usage(this.#imagePath) : undefined;
  }
  readonly #weigh = ([memory, nodefs, pids, imagefs]: [MemoryUse, DiskUsage, number, DiskUsage | undefined]): readonly Shortage[] => {
    const { info, clock, rules } = this.#parts;
    const signals = {
      "memory.available": { available: memory.available, capacity: info.memoryBytes },
      "nodefs.available": nodefs,
      "nodefs.inodesFree": { available: nodefs.inodesFree, capacity: nodefs.inodes },
      "imagefs.available": imagefs,
      "imagefs.inodesFree": imagefs && { available: imagefs.inodesFree, capacity: imagefs.inodes },
      "pid.available": { available: info.pidLimit - pids, capacity: info.pidLimit },
    };
    this.#show(lookAt(this.#known, signals, rules, clock.monotonic()), nodefs.capacity);
    return this.#known.shortages;
  };
  #show(known: Shortness, storage: number): void {
    const seen = known.pressures;
    const alike = known === this.#known || (seen.size === this.#pressures.size && seen.keys().every(p => this.#pressures.has(p)));
    this.#known = known;
    if (alike && storage === this.storage) return;
    this.storage = storage;
    this.#pressures = new Set(seen.keys());
    this.#parts.changed();
  }
  /** The last one that was evicted may still take room. */
  #waits(): boolean {
    if (!this.#victim) return false;
    const { worker, at } = this.#victim;
    if (worker.counts && this.#parts.clock.monotonic() - at < PATIENCE_MS) return true;
    this.#victim = undefined;
    return false;
  }
  async #candidates(): Promise<ReadonlyMap<Candidate, Worker>> {
    const stats = byId(await this.#parts.runtime.stats());
    const found = new Map<Candidate, Worker>();
    for (const worker of this.#parts.workers) {
      if (!stays(worker)) continue;
      const containers = (worker.state?.containers ?? []).flatMap(c => {
        const s = c.state === "running" ? stats.get(c.id) : undefined;
        return s ? [{ name: c.name, memory: s.memoryWorkingSet, disk: s.writableLayerBytes, inodes: s.writableLayerInodes }] : [];
      });
      found.set({ pod: worker.pod, use: containers.length > 0 ? { containers } : undefined }, worker);
    }
    return found;
  }
}
type ContainerStats = RuntimeStats["containers"][number];
const byId = ({ containers }: RuntimeStats): ReadonlyMap<string, ContainerStats> => new Map(containers.map(c => [c.id, c]));
/** Whether a pod takes room, and is neither over nor on its way out by us. */
const stays = (worker: Worker) => worker.counts && !worker.evicted && !isTerminal(worker.writer.withOwnStatus(worker.pod).status?.phase);
