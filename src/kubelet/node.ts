/** The node object: registered, and kept true by status patches when something changes (and every 5 min). */
import type { Clock } from "#base/clock.ts";
import { equal } from "#base/equal.ts";
import type { Log } from "#base/log.ts";
import { freeze } from "#base/plain.ts";
import { reasonOf } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { subjectId } from "#client/reasons.ts";
import type { Taint } from "#kinds/core/v1/affinity.ts";
import { Node, type NodeCondition, type NodeStatus } from "#kinds/core/v1/node.ts";
import { UNSURE } from "#kubelet/housekeeping.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { MachineInfo } from "#kubelet/ports.ts";
import type { ImageState } from "#kubelet/runtime.ts";
import { type EvictionRules, keptBack, type Pressure } from "#kubelet/thresholds.ts";
import { HEARTBEAT } from "#rules/heartbeat.ts";

const STATUS = { reportMs: 300_000, images: 50 };
/** How long the runtime may be away, or a new kubelet of a known node without word of it, before the node says that it is not ready (as upstream). */
const PATIENCE_MS = 30_000;

/** What is kept back from pods beside what the hard thresholds of eviction keep. */
export interface Reserved {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
}
export const NOTHING_RESERVED: Reserved = { milliCpu: 0, memoryBytes: 0, storageBytes: 0 };
export interface NodeConfig {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly port: number;
  readonly maxPods: number;
  readonly providerId: string;
  /** e.g. v1.36.3 */
  readonly version: string;
  readonly reserved: Reserved;
}
export interface NodeParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** What the node is short of, and the bytes of its disk; the set is another when it changes. */
  readonly shortness: { readonly pressures: ReadonlySet<Pressure>; readonly storage: number };
  /** Its hard thresholds are no pod's. */
  readonly rules: EvictionRules;
}
/** What the runtime last said of itself; a problem is the Ready condition's message. */
export interface RuntimeHealth {
  readonly name: string;
  readonly version: string;
  readonly problem: string | undefined;
}

/** What was reported last: all that a status is made of, and may change, but for heartbeats; and what came of it. */
interface Reported {
  readonly health: RuntimeHealth;
  readonly images: readonly ImageState[];
  readonly storage: number;
  readonly pressures: ReadonlySet<Pressure>;
  readonly problem: string | undefined;
  readonly status: StatusPatch;
}

export class NodeReporter {
  readonly #config: NodeConfig;
  readonly #parts: NodeParts;
  readonly info: MachineInfo;
  #health: RuntimeHealth = { name: "", version: "", problem: "container runtime status check may not have completed yet" };
  /** Monotonic: since when the runtime does not answer. */
  #awaySince: number | undefined;
  /** Monotonic: until then nothing is reported before the runtime has answered. */
  #quietUntil = Number.NEGATIVE_INFINITY;
  #images: readonly ImageState[] = [];
  #conditions = new Map<string, NodeCondition>();
  #written = "";
  #reported: Reported | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #uid = "";
  #wake: () => void = () => undefined;
  #look: () => void = () => undefined;

  constructor(config: NodeConfig, parts: NodeParts, info: MachineInfo) {
    this.#config = config;
    this.#parts = parts;
    this.info = info;
  }

  get name(): string {
    return this.#config.name;
  }
  /** Empty until it is registered; another when somebody has deleted the node meanwhile. */
  get uid(): string {
    return this.#uid;
  }
  get capacity(): Readonly<Record<string, string>> {
    const { cpus, memoryBytes } = this.info;
    return {
      cpu: String(cpus),
      "ephemeral-storage": `${Math.floor(this.#parts.shortness.storage / 1024)}Ki`,
      "hugepages-1Gi": "0",
      "hugepages-2Mi": "0",
      memory: `${Math.floor(memoryBytes / 1024)}Ki`,
      pods: String(this.#config.maxPods),
    };
  }
  get allocatable(): Readonly<Record<string, string>> {
    const { cpus, memoryBytes } = this.info;
    const { milliCpu, memoryBytes: kept, storageBytes } = this.#config.reserved;
    const { rules } = this.#parts;
    const { storage } = this.#parts.shortness;
    return {
      ...this.capacity,
      cpu: milliCpu ? `${cpus * 1000 - milliCpu}m` : String(cpus),
      "ephemeral-storage": String(storage - storageBytes - keptBack(rules, "nodefs.available", storage)),
      memory: `${Math.floor((memoryBytes - kept - keptBack(rules, "memory.available", memoryBytes)) / 1024)}Ki`,
    };
  }
  get hostIps(): readonly string[] {
    return this.#config.addresses.filter(a => a.type === "InternalIP").map(a => a.address);
  }

  /** The runtime's state has changed. */
  runtimeIs(health: RuntimeHealth): void {
    this.#awaySince = undefined;
    if (equal(health, this.#health)) return;
    this.#health = health;
    this.#wake();
  }
  /** The runtime does not answer. The node's Ready condition bears that for a while: containers run on without it. */
  runtimeAway(): void {
    this.#awaySince ??= this.#parts.clock.monotonic();
  }
  /** The runtime answers and has no problem. */
  get well(): boolean {
    return this.#awaySince === undefined && this.#health.problem === undefined;
  }
  /** Looks whether anything is to be reported, as a chore; what else changes of a status that was reported wakes by itself. */
  look(): number {
    if (!this.#due) return this.#awaySince === undefined && this.#reported ? this.#writtenAt + STATUS.reportMs : UNSURE;
    this.#look();
    return UNSURE;
  }
  /** What the node is short of, or has for a disk, has changed. */
  shortnessChanged(): void {
    this.#wake();
  }
  imagesAre(images: readonly ImageState[]): void {
    if (equal(images, this.#images)) return;
    this.#images = images;
    this.#wake();
  }

  /** Creates or adopts the node object; tries until it succeeds or the signal is aborted. */
  async register(signal: AbortSignal): Promise<Node | undefined> {
    const { client, clock, log } = this.#parts;
    const { name, taints, providerId } = this.#config;
    const labels = this.#labels();
    for (let wait = 100; !signal.aborted; wait = Math.min(7000, wait * 2)) {
      try {
        let node = await client.get(Node, name).catch(error => {
          if (reasonOf(error) === "NotFound") return undefined;
          throw error;
        });
        if (!node) {
          const spec = { ...(taints.length > 0 && { taints: [...taints] }), ...(providerId && { providerID: providerId }) };
          const status = this.#status(this.#currentConditions());
          node = await client.create(Node, {
            apiVersion: "v1",
            kind: "Node",
            metadata: { name, labels, annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" } },
            spec,
            status,
          });
          log.info("the node is registered", { node: name });
        } else {
          for (const c of node.status.conditions ?? []) this.#conditions.set(c.type, c);
          this.#quietUntil = clock.monotonic() + PATIENCE_MS;
          const missing = Object.entries(labels).filter(([k, v]) => node?.metadata.labels?.[k] !== v);
          if (missing.length > 0) node = await client.patch(Node, name, "merge", { metadata: { labels: Object.fromEntries(missing) } });
        }
        this.#uid = node.metadata.uid ?? "";
        return node;
      } catch (error) {
        log.warn("the node could not be registered; it is tried again", { node: name, error: messageOf(error) });
        await clock.sleep(wait, signal).catch(() => undefined);
      }
    }
    return undefined;
  }
  #labels(): Record<string, string> {
    const { architecture, operatingSystem, hostname } = this.info;
    return {
      "beta.kubernetes.io/arch": architecture,
      "beta.kubernetes.io/os": operatingSystem,
      "kubernetes.io/arch": architecture,
      "kubernetes.io/hostname": (this.#config.addresses.find(a => a.type === "Hostname")?.address ?? hostname).toLowerCase(),
      "kubernetes.io/os": operatingSystem,
      ...this.#config.labels,
    };
  }

  /** Reports until the signal is aborted: at once when woken, else when a look finds a change. */
  async reportStatus(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    let woken = false;
    let go = () => {};
    this.#wake = () => {
      woken = true;
      go();
    };
    this.#look = () => go();
    signal.addEventListener("abort", () => go(), { once: true });
    while (!signal.aborted) {
      woken = false;
      const failed = await this.#report().then(
        () => false,
        async error => {
          if (reasonOf(error) === "NotFound") {
            // somebody deleted the node while its kubelet runs
            this.#reported = undefined;
            this.#written = "";
            await this.register(signal);
          } else log.warn("the node's status was not written; it is tried again", { error: messageOf(error) });
          return true;
        },
      );
      if ((woken && !failed) || signal.aborted) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = failed ? clock.after(1000, resolve) : () => undefined;
      go = resolve;
      await promise;
      cancel();
    }
  }
  /** Something has changed since the last report, or that was long ago. */
  get #due(): boolean {
    const now = this.#parts.clock.monotonic();
    if (this.#health.name === "" && now < this.#quietUntil) return false;
    return this.#changed || now - this.#writtenAt >= STATUS.reportMs;
  }
  get #changed(): boolean {
    const { shortness } = this.#parts;
    const last = this.#reported;
    return (
      last === undefined ||
      last.health !== this.#health ||
      last.images !== this.#images ||
      last.storage !== shortness.storage ||
      last.pressures !== shortness.pressures ||
      last.problem !== this.#problem()
    );
  }
  async #report(): Promise<void> {
    if (!this.#due) return;
    const { clock, shortness } = this.#parts;
    const { storage, pressures } = shortness;
    const now = clock.monotonic();
    if (!this.#changed) {
      await this.#write({ ...this.#reported!.status, conditions: this.#currentConditions() }, HEARTBEAT);
      this.#writtenAt = now;
      return;
    }
    const [health, images, problem] = [this.#health, this.#images, this.#problem()];
    const made = this.#status(this.#currentConditions());
    const status = freeze(withReplacements(made));
    const text = JSON.stringify({ ...made, conditions: made.conditions?.map(c => ({ ...c, lastHeartbeatTime: "" })) });
    if (text !== this.#written || now - this.#writtenAt >= STATUS.reportMs) {
      await this.#write(status, text === this.#written ? HEARTBEAT : "the node's state has changed");
      this.#written = text;
      this.#writtenAt = now;
    }
    this.#reported = { health, images, storage, pressures, problem, status };
  }
  async #write(status: StatusPatch, because: string): Promise<void> {
    const { name } = this.#config;
    const cause = { loop: "kubelet", intent: subjectId({ kind: Node.kind, namespace: "", name }), because };
    await this.#parts.client.patch(Node, name, "strategic", { status }, { subresource: "status", cause });
  }

  #status(conditions: NodeCondition[]): NodeStatus {
    const { info } = this;
    const { port, version, addresses } = this.#config;
    return {
      capacity: { ...this.capacity },
      allocatable: { ...this.allocatable },
      conditions,
      addresses: addresses.map(a => ({ ...a })),
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      nodeInfo: {
        machineID: info.machineId,
        systemUUID: info.systemUuid,
        bootID: info.bootId,
        kernelVersion: info.kernelVersion,
        osImage: info.osImage,
        containerRuntimeVersion: this.#health.name ? `${this.#health.name}://${this.#health.version}` : "",
        kubeletVersion: version,
        kubeProxyVersion: "",
        operatingSystem: info.operatingSystem,
        architecture: info.architecture,
        ...(info.swapBytes > 0 && { swap: { capacity: info.swapBytes } }),
      },
      images: [...this.#images]
        .sort((a, b) => b.size - a.size)
        .slice(0, STATUS.images)
        .map(i => ({ names: [...i.digests, ...i.tags].slice(0, 5), sizeBytes: i.size })),
    };
  }
  #currentConditions(): NodeCondition[] {
    const { pressures } = this.#parts.shortness;
    const problem = this.#problem();
    return [
      this.#condition("MemoryPressure", pressures.has("MemoryPressure"), {
        yes: ["KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
        no: ["KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
      }),
      this.#condition("DiskPressure", pressures.has("DiskPressure"), {
        yes: ["KubeletHasDiskPressure", "kubelet has disk pressure"],
        no: ["KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
      }),
      this.#condition("PIDPressure", pressures.has("PIDPressure"), {
        yes: ["KubeletHasInsufficientPID", "kubelet has insufficient PID available"],
        no: ["KubeletHasSufficientPID", "kubelet has sufficient PID available"],
      }),
      this.#condition("Ready", problem === undefined, {
        yes: ["KubeletReady", "kubelet is posting ready status"],
        no: ["KubeletNotReady", problem ?? ""],
      }),
    ];
  }
  /** What keeps the node from being ready. */
  #problem(): string | undefined {
    const away = this.#awaySince !== undefined && this.#parts.clock.monotonic() - this.#awaySince >= PATIENCE_MS;
    return away ? "container runtime is down" : this.#health.problem;
  }
  #condition(type: string, holds: boolean, words: { yes: [string, string]; no: [string, string] }): NodeCondition {
    const now = formatTime(this.#parts.clock.now());
    const old = this.#conditions.get(type);
    const status = holds ? "True" : "False";
    const [reason, message] = holds ? words.yes : words.no;
    const lastTransitionTime = old && old.status === status && old.lastTransitionTime ? old.lastTransitionTime : now;
    const made = { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
    this.#conditions.set(type, made);
    return made;
  }
}

type StatusPatch = Readonly<Record<string, unknown>>;
/** Lists that merge by key would keep what is gone: addresses are replaced whole. */
function withReplacements(status: NodeStatus): StatusPatch {
  return { ...status, addresses: [{ $patch: "replace" }, ...(status.addresses ?? [])] };
}
