/**
 * One pod's loop: observe, decide (pod.ts), act. Steps that take long are started and come back as observed state; the loop is
 * woken by the API's watch, the runtime's events, probes and timers, and never runs twice at once.
 */

import type { Cancel, Clock } from "#base/clock.ts";
import { equal } from "#base/equal.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import type { Reasons } from "#client/reasons.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { Acts } from "#kubelet/acts.ts";
import type { NodeSetting } from "#kubelet/containerspec.ts";
import type { Place } from "#kubelet/fields.ts";
import type { Images } from "#kubelet/images.ts";
import { terminationMessage } from "#kubelet/messages.ts";
import { type Mounts, messageOf } from "#kubelet/mounts.ts";
import { currentSandbox, type Eviction, type Observed, type Rejection, wantedOf } from "#kubelet/observed.ts";
import { decide, type Step } from "#kubelet/pod.ts";
import type { Cgroups, Disk, Events, LogFiles, Prober } from "#kubelet/ports.ts";
import { type Probed, Probes } from "#kubelet/probes.ts";
import { StatusWriter } from "#kubelet/report.ts";
import { type PodState, type Runtime, RuntimeAway, type RuntimeEvent } from "#kubelet/runtime.ts";
import type { Sources } from "#kubelet/sources.ts";
import { isTerminal } from "#kubelet/status.ts";

/** What all pods' loops share. */
export interface Shared {
  readonly runtime: Runtime;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Events;
  readonly reasons: Reasons;
  readonly disk: Disk;
  readonly logs: LogFiles;
  readonly cgroups: Cgroups;
  readonly prober: Prober;
  readonly images: Images;
  readonly mounts: Mounts;
  readonly sources: Sources;
  readonly setting: NodeSetting;
  readonly pidsLimit: number | undefined;
  /** Facts of the node that may change. */
  readonly allocatable: () => Readonly<Record<string, string>>;
  readonly hostIps: () => readonly string[];
  readonly runtimeName: () => string;
  /** False while the runtime is away: loops rest until `touch`. */
  readonly runtimeServes: () => boolean;
  /** The node has nothing that keeps its pods from being ready. */
  readonly nodeWell: () => boolean;
  readonly runtimeLost: (error: unknown) => void;
  /** Something of a pod is another than before. */
  readonly stir: () => void;
  /** Nothing of the pod is left, neither here nor in the API. */
  readonly finished: (uid: string) => void;
}

export class Worker {
  readonly uid: string;
  readonly shared: Shared;
  readonly acts: Acts;
  readonly #probes: Probes;
  readonly #writer: StatusWriter;
  readonly #messages = new Map<string, string>();
  #pod: Pod;
  #gone = false;
  #state: PodState | undefined;
  #dirty: boolean;
  #rejected: Rejection | undefined;
  #evicted: Eviction | undefined;
  #endingSince: number | undefined;
  #again = false;
  #running = false;
  #closed = false;
  #timer: Cancel = () => undefined;

  /** `state`: what the runtime already runs of it; undefined when that was not asked yet. */
  constructor(shared: Shared, pod: Pod, state: PodState | undefined, rejected: Rejection | undefined) {
    this.uid = pod.metadata.uid ?? "";
    this.shared = shared;
    this.#pod = pod;
    this.#state = state;
    this.#dirty = false;
    this.#rejected = rejected;
    this.#writer = new StatusWriter(shared, pod);
    const { runtime, prober, clock, events } = shared;
    this.#probes = new Probes({ runtime, prober, clock, events, changed: () => this.wake() });
    this.#probes.adopt(pod);
    this.acts = new Acts(this);
  }
  get pod(): Pod {
    return this.#pod;
  }
  get state(): PodState | undefined {
    return this.#state;
  }
  get gone(): boolean {
    return this.#gone;
  }
  get closed(): boolean {
    return this.#closed;
  }
  /** It decides, or something that it decided is under way. */
  get busy(): boolean {
    return this.#running || this.acts.working;
  }
  get probes(): Probes {
    return this.#probes;
  }
  get writer(): StatusWriter {
    return this.#writer;
  }
  /** The node's resources that it takes count until nothing of it runs. */
  get counts(): boolean {
    return !this.#rejected && !this.#closed && !this.acts.released;
  }
  get place(): Place {
    const { hostIps, allocatable } = this.shared;
    const podIps = this.#pod.spec.hostNetwork ? hostIps() : (currentSandbox(this.#state)?.ips ?? []);
    return { podIps, hostIps: hostIps(), allocatable: allocatable() };
  }

  /** The API shows the pod so. */
  update(pod: Pod): void {
    const old = this.#pod;
    this.#pod = pod;
    this.#writer.seen(pod);
    this.shared.stir();
    const { labels, annotations } = pod.metadata;
    if (JSON.stringify([labels, annotations]) !== JSON.stringify([old.metadata.labels, old.metadata.annotations])) this.acts.refresh();
    this.wake();
  }
  /** The API has the pod no longer. */
  removed(): void {
    this.#gone = true;
    this.wake();
  }
  /** An object that it refers to has changed. */
  sourceChanged(): void {
    this.acts.retryNow();
    this.acts.refresh();
    this.wake();
  }
  get evicted(): boolean {
    return this.#evicted !== undefined;
  }
  /** The pod has to go. */
  evict(why: Eviction): void {
    this.#evicted ??= why;
    this.wake();
  }
  /** Something of it has changed in the runtime. */
  touch(): void {
    this.#dirty = true;
    this.wake();
  }
  /** The runtime tells of a change. The start of something that this loop is starting, or knows to run, is no news. */
  happened(event: RuntimeEvent): void {
    const { containers = [], sandboxes = [] } = this.#state ?? {};
    const known =
      containers.some(c => c.id === event.containerId && c.state === "running") || sandboxes.some(s => s.id === event.containerId);
    if (event.type === "started" && (known || this.acts.starting)) return;
    this.touch();
  }
  /** The runtime's full list shows it so. */
  listed(state: PodState | undefined): void {
    if (equal(state, this.#state)) return;
    this.touch();
  }
  wake(): void {
    this.#again = true;
    if (this.#running || this.#closed) return;
    this.#running = true;
    queueMicrotask(() => void this.#loop());
  }
  /** This kubelet stops; what runs goes on running. */
  close(): void {
    this.#closed = true;
    this.#timer();
    this.#probes.stop();
    this.acts.abandon();
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#closed && this.shared.runtimeServes()) {
      this.#again = false;
      try {
        await this.#observe();
        // what ended in the meantime may have changed the runtime: that is looked at before anything is decided
        if (!this.#closed && !this.#dirty) this.#decide();
      } catch (error) {
        if (error instanceof RuntimeAway) {
          this.#dirty = true;
          this.shared.runtimeLost(error);
        } else {
          this.shared.log.error("a pod's loop failed; it is tried again", { pod: this.uid, error: messageOf(error) });
          this.#timer();
          this.#timer = this.shared.clock.after(1000, () => this.touch());
        }
      }
    }
    this.#running = false;
  }
  async #observe(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#state = await this.shared.runtime.pod(this.uid);
    this.shared.stir();
    const exited = (this.#state?.containers ?? []).filter(c => c.state === "exited");
    for (const c of exited) {
      if (!this.#messages.has(c.id)) this.#messages.set(c.id, await terminationMessage(this.#pod, c, this.shared.disk));
    }
    // of each container one that has ended is kept, for its last state and its log
    for (const { container } of wantedOf(this.#pod)) {
      const ended = exited.filter(c => c.name === container.name).sort((a, b) => b.attempt - a.attempt);
      for (const c of ended.slice(1)) this.acts.prune(c);
    }
  }
  #decide(): void {
    const { clock, runtimeName, hostIps } = this.shared;
    const now = clock.now();
    const pod = this.#writer.withOwnStatus(this.#pod);
    const observed: Observed = {
      now,
      pod,
      gone: this.#gone,
      state: this.#state,
      ...this.acts.observed(),
      probes: this.#probes.results,
      messages: this.#messages,
      endingSince: this.#endingSince,
      rejected: this.#rejected,
      evicted: this.#evicted,
      hostIps: hostIps(),
      runtimeName: runtimeName(),
    };
    const { steps, status, wakeAt, ending } = decide(observed);
    if (ending) this.#endingSince ??= now;
    // of a pod that was over before this process began there may be nothing left to tell
    const told = isTerminal(pod.status?.phase) && !this.#state && !this.#rejected;
    if (this.shared.nodeWell()) this.#writer.insist();
    if (!this.#gone && !told) this.#writer.show(status);
    for (const step of steps) {
      this.#explain(step);
      this.acts.carryOut(step);
    }
    this.#probes.sync(pod, this.place.podIps[0] ?? "", ending?.over ? [] : this.#probed(observed), ending !== undefined);
    this.#timer();
    this.#timer = wakeAt === undefined ? () => undefined : clock.after(Math.max(1, wakeAt - now), () => this.wake());
  }
  #probed(observed: Observed): readonly Probed[] {
    return wantedOf(observed.pod).flatMap(({ role, container }) => {
      if (role === "ephemeral" || (role === "init" && container.restartPolicy !== "Always")) return [];
      const running = observed.state?.containers.find(c => c.name === container.name && c.state === "running");
      if (!running || observed.acts.has(`start:${container.name}`)) return [];
      return [{ id: running.id, container, init: role === "init", startedAt: running.startedAt }];
    });
  }
  #explain(step: Step): void {
    if (step.do === "tell" || step.do === "abort") return;
    const subject = { kind: "Pod", namespace: this.#pod.metadata.namespace ?? "", name: this.#pod.metadata.name ?? "" };
    const what = "wanted" in step ? ` ${step.wanted.container.name}` : "name" in step ? ` ${step.name}` : "";
    this.shared.reasons.add({
      at: this.shared.clock.now(),
      loop: "kubelet",
      intent: subject,
      did: step.do + what,
      target: subject,
      because: step.because,
      error: "",
    });
  }
}
