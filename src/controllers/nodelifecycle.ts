/** Nodes: whether their kubelets still report, and the taints that say in what state they are. */
import { equal } from "#base/equal.ts";
import { formatTime, parseTime } from "#base/time.ts";
import { beside, controller, on } from "#client/controller.ts";
import { patch, type Step, tell, update, updateStatus, wake } from "#client/steps.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import type { Taint } from "#kinds/core/v1/affinity.ts";
import { Node, type NodeCondition } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { conditionOf } from "#rules/conditions.ts";
import { LEASE } from "#rules/heartbeat.ts";
import { podCondition } from "#rules/pods.ts";

/** Milliseconds for which a kubelet may stay silent (upstream's --node-monitor-grace-period, 50 s since 1.32). */
const GRACE = 50_000;
const BY_NODE = "node";

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
/** Conditions, and the taints that stand while they are true. */
const PRESSURE: Readonly<Record<string, string>> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
  NetworkUnavailable: "node.kubernetes.io/network-unavailable",
};
const OURS = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURE)]);
/** Conditions that a kubelet reports, and that nobody knows when it is silent. */
const REPORTED = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

export interface Observed {
  readonly node: Node;
  /** When the kubelet was last heard of, but not before this loop could hear; milliseconds. */
  readonly heard: number;
  readonly pods: readonly Pod[];
}

export const nodeLifecycleController = controller<Observed>({
  name: "node-controller",
  keyedBy: "Node",
  // leases are read when a node's time is up; a renewal by itself wakes nobody
  watches: [on(Node), beside(Lease)],
  prepare(views) {
    views.of(Lease).timed(lease => lease.spec.renewTime);
    views.of(Node).timed(lastBeat);
    views.of(Pod).index(BY_NODE, pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  },
  observe(key, { views, since }) {
    const nodes = views.of(Node);
    const node = nodes.get(key);
    if (!node) return undefined;
    // by our own clock, as upstream: the node's may be wrong. Of one that is back either word may come first
    const reported = nodes.arrivedAt(key) ?? 0;
    // one without a lease is heard of by what its status says
    const renewed = views.of(Lease).arrivedAt(key, LEASE.namespace) ?? msOf(lastBeat(node));
    const heard = Math.max(reported, renewed, msOf(node.metadata.creationTimestamp), since);
    return { node, heard, pods: views.of(Pod).by(BY_NODE, key) };
  },

  decide({ node, heard, pods }, { now }): Step[] {
    const steps: Step[] = [];
    const due = heard + GRACE;
    const silent = now >= due;
    const heeded = wake(due, "its kubelet is to be heard of by then");
    if (!silent && isWell(node)) return [heeded];
    const conditions = silent ? unknown(node, now) : (node.status.conditions ?? []);
    if (silent && !equal(conditions, node.status.conditions)) {
      const because = `its kubelet was last heard of at ${formatTime(heard)}`;
      const was = conditionOf(node.status.conditions, "Ready")?.status;
      steps.push(updateStatus(Node, { ...node, status: { ...node.status, conditions } }, because));
      if (was === "True") steps.push(tell(node, "Normal", "NodeNotReady", `Node ${node.metadata.name} status is now: NodeNotReady`));
    }
    const ready = conditionOf(conditions, "Ready")?.status;
    if (ready !== "True") steps.push(...pods.flatMap(pod => notReady(pod, now)));
    const taints = taintsOf(node, conditions, now);
    if (!equal(taints, node.spec.taints ?? [])) {
      // after a status write the node has another revision: the taints follow in the next round
      if (steps.some(s => s.do === "update")) steps.push(wake(now, "its taints follow its conditions"));
      else
        steps.push(
          update(Node, { ...node, spec: { ...node.spec, taints } }, `its taints follow its conditions: Ready is ${ready ?? "not known"}`),
        );
    }
    if (!silent) steps.push(heeded);
    return steps;
  },
});

/** Nothing is to be done about a node that is ready, has no other condition and no taint. What was found of an object stands as long as it does. */
function isWell(node: Node): boolean {
  let is = well.get(node);
  if (is === undefined) {
    const { spec, status } = node;
    const holding = status.conditions?.filter(c => c.status === "True") ?? [];
    is = !spec.unschedulable && (spec.taints ?? []).length === 0 && holding.length === 1 && holding[0]!.type === "Ready";
    well.set(node, is);
  }
  return is;
}
const well = new WeakMap<Node, boolean>();

const lastBeat = (node: Node): string | undefined => conditionOf(node.status.conditions, "Ready")?.lastHeartbeatTime;
const msOf = (text: string | undefined): number => parseTime(text ?? "") ?? 0;

function unknown(node: Node, now: number): NodeCondition[] {
  const conditions = [...(node.status.conditions ?? [])];
  const time = formatTime(now);
  for (const type of REPORTED) {
    const at = conditions.findIndex(c => c.type === type);
    const known = conditions[at];
    if (!known) {
      conditions.push({
        type,
        status: "Unknown",
        reason: "NodeStatusNeverUpdated",
        message: "Kubelet never posted node status.",
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: time,
      });
    } else if (known.status !== "Unknown") {
      const change = {
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
        lastTransitionTime: time,
      };
      conditions[at] = { ...known, ...change };
    }
  }
  return conditions;
}

/** The node's taints: those of others as they are, ours by its conditions. NoExecute ones say since when, as evictions count from then. */
function taintsOf(node: Node, conditions: readonly NodeCondition[], now: number): Taint[] {
  const wanted: { key: string; effect: string }[] = [];
  const ready = conditionOf(conditions, "Ready")?.status;
  const key = ready === "True" ? undefined : ready === "False" ? NOT_READY : UNREACHABLE;
  if (key) wanted.push({ key, effect: "NoSchedule" });
  for (const type in PRESSURE)
    if (conditionOf(conditions, type)?.status === "True") wanted.push({ key: PRESSURE[type]!, effect: "NoSchedule" });
  if (node.spec.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: "NoSchedule" });
  // a node that has not reported yet is only kept from new pods
  if (key && ready !== undefined) wanted.push({ key, effect: "NoExecute" });
  const known = node.spec.taints ?? [];
  if (wanted.length === 0 && known.length === 0) return [];
  const time = formatTime(now);
  const is = (t: { key: string; effect: string }) => (w: { key: string; effect: string }) => w.key === t.key && w.effect === t.effect;
  const starting = ready === undefined;
  const kept = known.filter(t => !OURS.has(t.key) || wanted.some(is(t)) || (starting && t.key === NOT_READY));
  const stamped = kept.map(t => (t.effect === "NoExecute" && !t.timeAdded ? { ...t, timeAdded: time } : t));
  const fresh = wanted.filter(w => !known.some(is(w)) && !(starting && known.some(t => t.key === NOT_READY)));
  return [...stamped, ...fresh.map(w => ({ ...w, timeAdded: time }))];
}

/** A pod on a node that is not ready is not ready either, whatever its kubelet said last. */
function notReady(pod: Pod, now: number): Step[] {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True" || pod.metadata.deletionTimestamp) return [];
  const condition = { type: "Ready", status: "False", lastTransitionTime: formatTime(now) };
  const change = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  return [
    patch(Pod, pod, "strategic", change, "its node is not ready", { subresource: "status" }),
    tell(pod, "Warning", "NodeNotReady", "Node is not ready"),
  ];
}
