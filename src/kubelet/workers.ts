/** The loops of this node's pods: each has one from the moment that it is seen until nothing is left of it. */
import { keyOf, type View } from "#client/view.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { type Admission, rejectionOf } from "#kubelet/admit.ts";
import { messageOf } from "#kubelet/mounts.ts";
import { aboutPod } from "#kubelet/names.ts";
import { clearOrphan } from "#kubelet/orphan.ts";
import type { PodState } from "#kubelet/runtime.ts";
import { isTerminal } from "#kubelet/status.ts";
import { type Shared, Worker } from "#kubelet/worker.ts";

export interface Arrivals {
  readonly shared: Shared;
  readonly pods: View<Pod>;
  /** What the runtime already has, by uid of the pod. */
  readonly known: ReadonlyMap<string, PodState>;
  /** What decides whether a pod is let in, beside those that are here. */
  readonly admission: () => Omit<Admission, "others">;
  /** Pods have come. */
  readonly grown: () => void;
}

export class Workers {
  readonly #all = new Map<string, Worker>();
  /** Uids of pods that the API no longer knows and that are being cleared. */
  readonly #clearing = new Set<string>();

  get(uid: string): Worker | undefined {
    return this.#all.get(uid);
  }
  [Symbol.iterator](): Iterator<Worker> {
    return this.#all.values();
  }
  get list(): readonly Worker[] {
    return [...this.#all.values()];
  }
  /** The pods that take of the node's room. */
  get counting(): readonly Pod[] {
    return this.list.filter(w => w.counts).map(w => w.pod);
  }
  /** Pods that something is being done for: namespace/name. */
  get busy(): readonly string[] {
    return this.list.filter(w => w.busy).map(w => keyOf(w.pod));
  }
  /** Has a loop, or is being cleared. */
  isKnown(uid: string): boolean {
    return this.#all.has(uid) || this.#clearing.has(uid);
  }
  finished(uid: string): void {
    this.#all.delete(uid);
  }
  close(): void {
    for (const worker of this.#all.values()) worker.close();
  }

  /** Follows the view until the signal is aborted; resolves when the first full state of it has been gone through. */
  async follow(arrivals: Arrivals, signal: AbortSignal): Promise<void> {
    const { pods, known, shared } = arrivals;
    const unfollow = pods.onChange(({ object, old }) => {
      if (old && old.metadata.uid !== object?.metadata.uid) this.#all.get(old.metadata.uid ?? "")?.removed();
      if (object) this.#seen(object, arrivals);
    });
    signal.addEventListener("abort", unfollow, { once: true });
    await pods.ready();
    for (const state of known.values()) if (!this.#all.has(state.uid)) this.#clear(state, shared);
  }
  #seen(pod: Pod, arrivals: Arrivals): void {
    const worker = this.#all.get(pod.metadata.uid ?? "");
    if (worker) return worker.update(pod);
    this.#begin(pod, arrivals);
    arrivals.grown();
  }
  #begin(pod: Pod, { shared, known, admission }: Arrivals): void {
    const { phase, startTime } = pod.status ?? {};
    const fresh = !isTerminal(phase) && !startTime && !pod.metadata.deletionTimestamp;
    const others = this.counting.filter(p => !isTerminal(p.status?.phase));
    const rejected = fresh ? rejectionOf(pod, { ...admission(), others }) : undefined;
    const worker = new Worker(shared, pod, known.get(pod.metadata.uid ?? ""), rejected);
    this.#all.set(worker.uid, worker);
    shared.stir();
    if (rejected) shared.events.tell(aboutPod(pod), "Warning", rejected.reason, rejected.message);
    // a pod that has begun before may have more in the runtime than this process was told
    if (fresh) worker.wake();
    else worker.touch();
  }
  /** Ends what the runtime still has of a pod that the API no longer knows. */
  #clear(state: PodState, shared: Shared): void {
    this.#clearing.add(state.uid);
    clearOrphan(shared, state)
      .catch(error => shared.log.warn("what is left of a pod resists removal", { pod: state.uid, error: messageOf(error) }))
      .finally(() => {
        this.#clearing.delete(state.uid);
        shared.stir();
      });
  }
}
