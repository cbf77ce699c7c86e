/** The node object: registered, kept true by status patches when something changes (and every 5 min), and its lease. */
import { type Clock, pauses } from "#base/clock.ts";
import { equal } from "#base/equal.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { subjectId } from "#client/reasons.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import type { Taint } from "#kinds/core/v1/affinity.ts";
import { Node, type NodeCondition, type NodeStatus } from "#kinds/core/v1/node.ts";
import { DISK_KEPT, MEMORY_KEPT, type Pressure } from "#kubelet/eviction.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { Disk, MachineInfo } from "#kubelet/ports.ts";
import type { ImageState, Runtime } from "#kubelet/runtime.ts";
import { HEARTBEAT, LEASE, leaseSpec, newLease } from "#rules/heartbeat.ts";

const STATUS = { reportMs: 300_000, images: 50 };
/** How long the runtime may be away, or a new kubelet of a known node without word of it, before the node says that it is not ready (as upstream). */
const PATIENCE_MS = 30_000;

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
  readonly root: string;
  /** Kept back from pods. */
  readonly reserved: { readonly milliCpu: number; readonly memoryBytes: number };
}
export interface NodeParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Disk;
  readonly runtime: Runtime;
  /** What the node is short of, and the bytes of its disk. */
  readonly shortness: { readonly pressures: ReadonlySet<Pressure>; readonly storage: number };
}
/** What the runtime last said of itself; a problem is the Ready condition's message. */
export interface RuntimeHealth {
  readonly name: string;
  readonly version: string;
  readonly problem: string | undefined;
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
  /** What the last report rested on; see #basis. */
  #reported: readonly unknown[] = [];
  #writtenAt = Number.NEGATIVE_INFINITY;
  #uid = "";
  #wake: () => void = () => undefined;
  #look: () => void = () => undefined;
  #storage = 0;

  constructor(config: NodeConfig, parts: NodeParts, info: MachineInfo) {
    this.#config = config;
    this.#parts = parts;
    this.info = info;
  }

  get capacity(): Readonly<Record<string, string>> {
    const { cpus, memoryBytes } = this.info;
    return {
      cpu: String(cpus),
      "ephemeral-storage": `${Math.floor(this.#storage / 1024)}Ki`,
      "hugepages-1Gi": "0",
      "hugepages-2Mi": "0",
      memory: `${Math.floor(memoryBytes / 1024)}Ki`,
      pods: String(this.#config.maxPods),
    };
  }
  get allocatable(): Readonly<Record<string, string>> {
    const { cpus, memoryBytes } = this.info;
    const { milliCpu, memoryBytes: kept } = this.#config.reserved;
    return {
      ...this.capacity,
      cpu: milliCpu ? `${cpus * 1000 - milliCpu}m` : String(cpus),
      "ephemeral-storage": String(Math.floor(this.#storage * (1 - DISK_KEPT))),
      memory: `${Math.floor((memoryBytes - kept - MEMORY_KEPT) / 1024)}Ki`,
    };
  }
  get hostIps(): readonly string[] {
    return this.#config.addresses.filter(a => a.type === "InternalIP").map(a => a.address);
  }

  /** The runtime's state has changed. */
  runtimeIs(health: RuntimeHealth): void {
    this.#awaySince = undefined;
    if (JSON.stringify(health) === JSON.stringify(this.#health)) return;
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
  /** Looks whether anything is to be reported. */
  look(): void {
    this.#look();
  }
  imagesAre(images: readonly ImageState[]): void {
    if (equal(images, this.#images)) return;
    this.#images = images;
    this.#wake();
  }

  /** Creates or adopts the node object; tries until it succeeds or the signal is aborted. */
  async register(signal: AbortSignal): Promise<Node | undefined> {
    const { client, clock, log, disk } = this.#parts;
    const { name, taints, providerId, root } = this.#config;
    this.#storage = (await disk.usage(root)).capacity;
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
  async #report(): Promise<void> {
    const { client, clock } = this.#parts;
    if (this.#health.name === "" && clock.monotonic() < this.#quietUntil) return;
    const now = clock.monotonic();
    const basis = this.#basis();
    if (this.#written !== "" && basis.every((b, i) => b === this.#reported[i]) && now - this.#writtenAt < STATUS.reportMs) return;
    const status = this.#status(this.#currentConditions());
    const text = JSON.stringify({ ...status, conditions: status.conditions?.map(c => ({ ...c, lastHeartbeatTime: "" })) });
    if (text === this.#written && now - this.#writtenAt < STATUS.reportMs) {
      this.#reported = basis;
      return;
    }
    const because = text === this.#written ? HEARTBEAT : "the node's state has changed";
    const cause = { loop: "kubelet", intent: subjectId({ kind: Node.kind, namespace: "", name: this.#config.name }), because };
    await client.patch(Node, this.#config.name, "strategic", { status: withReplacements(status) }, { subresource: "status", cause });
    this.#reported = basis;
    this.#written = text;
    this.#writtenAt = now;
  }
  /** All that a status is made of, and may change, but for heartbeats. */
  #basis(): readonly unknown[] {
    const { pressures, storage } = this.#parts.shortness;
    this.#storage = storage || this.#storage;
    return [
      this.#health,
      this.#images,
      this.#storage,
      pressures.has("MemoryPressure"),
      pressures.has("DiskPressure"),
      pressures.has("PIDPressure"),
      this.#problem(),
    ];
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
    const { pressures, storage } = this.#parts.shortness;
    this.#storage = storage || this.#storage;
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

  /** Renews the lease until the signal is aborted. */
  async keepLease(signal: AbortSignal): Promise<void> {
    const { client, clock, log } = this.#parts;
    const { name } = this.#config;
    const pause = pauses(clock, signal);
    let lease: Lease | undefined;
    while (!signal.aborted) {
      let failed = false;
      try {
        lease ??= await client.get(Lease, name, LEASE.namespace).catch(error => {
          if (reasonOf(error) === "NotFound") return undefined;
          throw error;
        });
        const where = { namespace: LEASE.namespace };
        lease = lease
          ? await client.update(Lease, { ...lease, spec: leaseSpec(name, clock.now(), lease.spec) }, where)
          : await client.create(Lease, newLease(name, this.#uid, clock.now()), where);
      } catch (error) {
        failed = true;
        lease = undefined;
        log.warn("the node's lease was not renewed; it is tried again", { error: messageOf(error) });
      }
      await pause(failed ? 1000 : LEASE.everyMs);
    }
  }
}

/** Lists that merge by key would keep what is gone: addresses are replaced whole. */
function withReplacements(status: NodeStatus): Record<string, unknown> {
  return { ...status, addresses: [{ $patch: "replace" }, ...(status.addresses ?? [])] };
}
