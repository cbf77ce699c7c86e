/** Looks at the node's signals, gives back what nobody uses, and evicts one pod after another while it runs short (eviction.ts says whom). */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import {
  type Candidate,
  evictionOf,
  type Pressure,
  pressuresOf,
  ranked,
  type Shortage,
  type Signals,
  shortagesOf,
} from "#kubelet/eviction.ts";
import type { Disk, EventSubject, Events, Machine, MachineInfo } from "#kubelet/ports.ts";
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
  readonly workers: () => Iterable<Worker>;
  /** False while nothing can be done about a shortage. */
  readonly able: () => boolean;
  /** Removes all that nobody uses. */
  readonly reclaim: () => Promise<void>;
}
/** How long one pod's end is waited for before the next is evicted (upstream). */
const PATIENCE_MS = 30_000;

export class Evictor {
  readonly #parts: EvictorParts;
  #seen: Map<Pressure, number> = new Map();
  #pressures: ReadonlySet<Pressure> = new Set();
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
  async look(): Promise<void> {
    let shortages = await this.#observe();
    const [first] = shortages;
    if (!first || !this.#parts.able() || this.#waits()) return;
    const { events, node, log } = this.#parts;
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
  async #observe(): Promise<readonly Shortage[]> {
    const shortages = shortagesOf(await this.#signals());
    this.#seen = pressuresOf(this.#seen, shortages, this.#parts.clock.monotonic());
    this.#pressures = new Set(this.#seen.keys());
    return shortages;
  }
  async #signals(): Promise<Signals> {
    const { machine, disk, runtime, root, info, able } = this.#parts;
    const [memory, nodefs, pids] = await Promise.all([machine.memory(), disk.usage(root), machine.pids()]);
    this.storage = nodefs.capacity;
    if (this.#imagePath === undefined && able()) this.#imagePath = (await runtime.stats()).imageStore?.path ?? "";
    const imagefs = this.#imagePath ? await disk.usage(this.#imagePath) : undefined;
    return {
      "memory.available": { available: memory.available, capacity: info.memoryBytes },
      "nodefs.available": nodefs,
      "nodefs.inodesFree": { available: nodefs.inodesFree, capacity: nodefs.inodes },
      ...(imagefs && {
        "imagefs.available": imagefs,
        "imagefs.inodesFree": { available: imagefs.inodesFree, capacity: imagefs.inodes },
      }),
      "pid.available": { available: info.pidLimit - pids, capacity: info.pidLimit },
    };
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
    for (const worker of this.#parts.workers()) {
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
