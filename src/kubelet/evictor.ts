/** Looks at the node's signals, gives back what nobody uses, and evicts one pod after another while it runs short (eviction.ts says whom). */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { type Soon, soon, together } from "#base/soon.ts";
import { type Candidate, evictionOf, type Pressure, pressuresOf, ranked, type Shortage, shortagesOf } from "#kubelet/eviction.ts";
import type { Disk, DiskUsage, EventSubject, Events, Machine, MachineInfo, MemoryUse } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";
import { isTerminal } from "#kubelet/status.ts";
import type { Worker } from "#kubelet/worker.ts";

export interface EvictorParts {
  readonly machine: Machine;
  readonly info: MachineInfo;
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Events;
  readonly root: string;
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

export class Evictor {
  readonly #parts: EvictorParts;
  #seen: ReadonlyMap<Pressure, number> = new Map();
  #pressures: ReadonlySet<Pressure> = new Set();
  /** Where the runtime keeps images; empty: it does not say. Undefined until it was asked. */
  #imagePath: string | undefined;
  #victim: { readonly worker: Worker; readonly at: number } | undefined;
  /** Bytes of the disk that pods' volumes and logs are on. */
  storage = 0;

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }
  /** What the node says that it is short of. */
  get pressures(): ReadonlySet<Pressure> {
    return this.#pressures;
  }
  /** Looks once, and acts. */
  look(): Soon<void> {
    return soon(this.#observe(), this.#act);
  }
  readonly #act = (shortages: readonly Shortage[]): Soon<void> => {
    if (shortages.length > 0 && this.#parts.able() && !this.#waits()) return this.#relieve(shortages);
  };
  async #relieve(met: readonly Shortage[]): Promise<void> {
    const { events, node, log } = this.#parts;
    let shortages = met;
    const first = shortages[0]!;
    events.tell(node, "Warning", "EvictionThresholdMet", `Attempting to reclaim ${first.threshold.resource}`);
    if (shortages.some(s => s.threshold.pressure === "DiskPressure")) {
      await this.#parts.reclaim();
      shortages = await this.#observe();
    }
    const [still] = shortages;
    if (!still) return;
    const candidates = await this.#candidates();
    const [victim] = ranked([...candidates.keys()], still);
    if (!victim) {
      log.warn("the node is short, and has no pod to evict", { resource: still.threshold.resource });
      return;
    }
    const worker = candidates.get(victim)!;
    this.#victim = { worker, at: this.#parts.clock.monotonic() };
    const { reason, message } = evictionOf(victim, still);
    log.info("a pod is evicted", { pod: victim.pod.metadata.name, message });
    events.tell({ apiVersion: "v1", kind: "Pod", metadata: victim.pod.metadata }, "Warning", reason, message);
    worker.evict({ reason, message });
  }
  /** What the node is short of now. */
  #observe(): Soon<readonly Shortage[]> {
    const { machine, disk, root } = this.#parts;
    return soon(together([machine.memory(), disk.usage(root), machine.pids(), this.#imageDisk()]), this.#weigh);
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
    const { info, clock } = this.#parts;
    const shortages = shortagesOf({
      "memory.available": { available: memory.available, capacity: info.memoryBytes },
      "nodefs.available": nodefs,
      "nodefs.inodesFree": { available: nodefs.inodesFree, capacity: nodefs.inodes },
      "imagefs.available": imagefs,
      "imagefs.inodesFree": imagefs && { available: imagefs.inodesFree, capacity: imagefs.inodes },
      "pid.available": { available: info.pidLimit - pids, capacity: info.pidLimit },
    });
    this.#show(pressuresOf(this.#seen, shortages, clock.monotonic()), nodefs.capacity);
    return shortages;
  };
  #show(seen: ReadonlyMap<Pressure, number>, storage: number): void {
    const alike = seen === this.#seen || (seen.size === this.#pressures.size && seen.keys().every(p => this.#pressures.has(p)));
    this.#seen = seen;
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
    const stats = new Map((await this.#parts.runtime.stats()).containers.map(c => [c.id, c]));
    const found = new Map<Candidate, Worker>();
    for (const worker of this.#parts.workers) {
      if (!worker.counts || isTerminal(worker.writer.withOwnStatus(worker.pod).status?.phase)) continue;
      const containers = (worker.state?.containers ?? []).flatMap(c => {
        const s = c.state === "running" ? stats.get(c.id) : undefined;
        return s ? [{ name: c.name, memory: s.memoryWorkingSet, disk: s.writableLayerBytes, inodes: s.writableLayerInodes }] : [];
      });
      found.set({ pod: worker.pod, use: containers.length > 0 ? { containers } : undefined }, worker);
    }
    return found;
  }
}
