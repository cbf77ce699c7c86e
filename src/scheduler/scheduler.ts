/**
 * The scheduler's loop: one pod at a time is decided against the snapshot, assumed on its node and bound without waiting, so
 * that a node's room is given out by one hand. It holds nothing that the views could not give it again.
 */
import type { Chance } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { equal } from "#base/equal.ts";
import { limits } from "#base/limits.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/status.ts";
import { formatTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import type { Recorder } from "#client/events.ts";
import { type Reasons, subjectId } from "#client/reasons.ts";
import { keyOf, splitKey } from "#client/view.ts";
import type { Views } from "#client/views.ts";
import type { Binding } from "#kinds/core/v1/binding.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { decide, explain, type Verdict } from "#scheduler/decide.ts";
import { plugins } from "#scheduler/plugins/all.ts";
import { countsAlike, podInfo } from "#scheduler/podinfo.ts";
import { SchedulingQueue } from "#scheduler/queue.ts";
import { siblingsIn } from "#scheduler/siblings.ts";
import { Snapshot } from "#scheduler/snapshot.ts";

export const DEFAULT_SCHEDULER = "default-scheduler";
/** Milliseconds after which others get the thread. */
const SLICE = 8;

export interface SchedulerParts {
  readonly client: Client;
  readonly views: Views;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly reasons: Reasons;
}
export interface Scheduler {
  /** Begins once its views are there. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Each node's verdict, as of now, on a pod that waits because none would do. */
  verdicts(namespace: string, name: string): readonly Verdict[] | undefined;
  readonly idle: boolean;
}

export function createScheduler(parts: SchedulerParts): Scheduler {
  const { client, views, clock, chance, log, recorder, reasons } = parts;
  const snapshot = new Snapshot();
  const siblings = siblingsIn(views);
  /** Pods for which no node would do. */
  const refused = new Set<string>();
  const binding = new Set<Promise<void>>();
  let running = false;
  let turning: Promise<void> | undefined;
  const queue = new SchedulingQueue(clock, () => {
    if (running && !turning) turning = turn();
  });

  const ours = (pod: Pod) => (pod.spec.schedulerName || DEFAULT_SCHEDULER) === DEFAULT_SCHEDULER;
  const ended = (pod: Pod) => pod.status.phase === "Succeeded" || pod.status.phase === "Failed";

  function podChanged(pod: Pod | undefined, old: Pod | undefined): void {
    const any = pod ?? old;
    if (!any) return;
    const uid = any.metadata.uid ?? "";
    if (!pod || ended(pod)) {
      queue.remove(keyOf(any));
      refused.delete(keyOf(any));
      const hadNode = any.spec.nodeName;
      snapshot.forget(uid);
      if (hadNode && !(old && ended(old) && pod)) queue.wake();
      return;
    }
    if (old && old.metadata.uid !== uid) snapshot.forget(old.metadata.uid ?? "");
    if (pod.spec.nodeName) {
      queue.remove(keyOf(pod));
      refused.delete(keyOf(pod));
      const counted = snapshot.placed(uid);
      // mostly it is our own binding that is heard of, or a word of the kubelet's
      if (counted?.node === pod.spec.nodeName && countsAlike(counted.pod.pod, pod)) snapshot.renew({ ...counted.pod, pod });
      else snapshot.place(podInfo(pod), pod.spec.nodeName);
      return;
    }
    const gated = (pod.spec.schedulingGates?.length ?? 0) > 0;
    if (!ours(pod) || gated || pod.metadata.deletionTimestamp) return queue.remove(keyOf(pod));
    // Only a change of what was asked for is worth another try; our own status writes are not.
    if (!old || old.metadata.uid !== uid || JSON.stringify(old.spec) !== JSON.stringify(pod.spec))
      queue.add(keyOf(pod), pod.spec.priority ?? 0);
  }
  function nodeChanged(node: Node | undefined, old: Node | undefined): void {
    if (!node) return snapshot.removeNode(old?.metadata.name ?? "");
    // that its kubelet lives is heard of often
    if (old && equal(concerns(node), concerns(old))) return;
    snapshot.setNode(node);
    queue.wake();
  }
  function namespaceChanged(namespace: Namespace | undefined, old: Namespace | undefined): void {
    const name = (namespace ?? old)?.metadata.name ?? "";
    if (snapshot.setNamespace(name, namespace && (namespace.metadata.labels ?? {}))) queue.wake();
  }
  /** What of a node can make a pod fit. */
  const concerns = ({ metadata, spec, status }: Node) => [metadata.labels, spec.taints, spec.unschedulable, status.allocatable];

  async function turn(): Promise<void> {
    // it must be known as under way before it can end
    await undefined;
    let since = clock.monotonic();
    try {
      while (running) {
        if (binding.size >= limits.bindings) await Promise.race(binding);
        const key = queue.pop();
        if (key === undefined) return;
        schedule(key);
        if (clock.monotonic() - since > SLICE) {
          await clock.sleep(0);
          since = clock.monotonic();
        }
      }
    } finally {
      // in the same breath as the last look at the queue: a pod that comes now begins another turn
      turning = undefined;
    }
  }

  function schedule(key: string): void {
    const { namespace, name } = splitKey(key);
    const pod = views.of(Pod).get(name, namespace);
    if (!pod || pod.spec.nodeName) return queue.remove(key);
    const info = podInfo(pod, siblings(pod));
    const decision = decide(info, snapshot, plugins, chance);
    const why = (did: string, because: string, error = "") => {
      const subject = { kind: "Pod", namespace, name };
      reasons.add({ at: clock.now(), loop: DEFAULT_SCHEDULER, intent: subject, did, target: subject, because, error });
    };
    if (decision.node === undefined) {
      refused.add(key);
      why("wait", decision.message);
      queue.park(key);
      track(tellUnschedulable(pod, decision.message));
      return;
    }
    const node = decision.node;
    const because = `${node} scores ${decision.score}, ${decision.fitting} of ${decision.nodes} nodes would do`;
    refused.delete(key);
    snapshot.place(info, node);
    track(
      bind(pod, node, because).then(
        () => {
          why("bind", because);
          recorder.event(pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${node}`);
        },
        (error: Error) => {
          snapshot.forget(pod.metadata.uid ?? "");
          why("bind", `${node} was chosen`, error.message);
          if (reasonOf(error) === "NotFound") return queue.remove(key);
          queue.retry(key);
          recorder.event(pod, "Warning", "FailedScheduling", `running Bind plugin "DefaultBinder": ${error.message}`);
        },
      ),
    );
  }
  function track(work: Promise<void>): void {
    const one = work.catch(error => log.error("scheduling", { error: String(error) })).finally(() => binding.delete(one));
    binding.add(one);
  }
  const causeOf = ({ metadata: { name = "", namespace = "" } }: Pod, because: string) => ({
    loop: DEFAULT_SCHEDULER,
    intent: subjectId({ kind: "Pod", namespace, name }),
    because,
  });
  async function bind(pod: Pod, node: string, because: string): Promise<void> {
    const { name = "", namespace, uid } = pod.metadata;
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target: { kind: "Node", name: node } };
    await client.post<Binding, Binding>(Pod, name, "binding", body, { namespace, cause: causeOf(pod, because) });
  }
  async function tellUnschedulable(pod: Pod, message: string): Promise<void> {
    recorder.event(pod, "Warning", "FailedScheduling", message);
    const known = pod.status.conditions?.find(c => c.type === "PodScheduled");
    if (known?.status === "False" && known.reason === "Unschedulable" && known.message === message) return;
    const { name = "", namespace, uid } = pod.metadata;
    const lastTransitionTime = known?.status === "False" ? known.lastTransitionTime : formatTime(clock.now());
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastProbeTime: null, lastTransitionTime };
    try {
      await client.patch(
        Pod,
        name,
        "strategic",
        { metadata: { uid }, status: { conditions: [condition] } },
        { namespace, subresource: "status", cause: causeOf(pod, message) },
      );
    } catch (error) {
      if (!["NotFound", "Conflict"].includes(reasonOf(error))) throw error;
    }
  }

  const stops: (() => void)[] = [];
  return {
    async start() {
      const [pods, nodes, namespaces] = [views.of(Pod), views.of(Node), views.of(Namespace)];
      await Promise.all([pods.ready(), nodes.ready(), namespaces.ready(), siblings.ready()]);
      running = true;
      stops.push(namespaces.onChange(c => namespaceChanged(c.object, c.old)));
      stops.push(nodes.onChange(c => nodeChanged(c.object, c.old)));
      stops.push(pods.onChange(c => podChanged(c.object, c.old)));
    },
    async stop() {
      running = false;
      for (const stop of stops.splice(0)) stop();
      await turning;
      await Promise.all(binding);
    },
    verdicts(namespace, name) {
      const pod = views.of(Pod).get(name, namespace);
      return pod && refused.has(keyOf(pod)) ? explain(podInfo(pod, siblings(pod)), snapshot, plugins) : undefined;
    },
    get idle() {
      return !turning && binding.size === 0 && queue.active === 0;
    },
  };
}
