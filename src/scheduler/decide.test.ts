import assert from "node:assert/strict";
import test from "node:test";
import { seededChance } from "#base/chance.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { decide } from "#scheduler/decide.ts";
import { podInfo } from "#scheduler/node.ts";
import { plugins } from "#scheduler/plugins/all.ts";
import { Snapshot } from "#scheduler/snapshot.ts";

const node = (
  name: string,
  more: { labels?: Record<string, string>; spec?: Partial<Node["spec"]>; cpu?: string; pods?: string } = {},
): Node =>
  ({
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...more.labels } },
    spec: { ...more.spec },
    status: { allocatable: { cpu: more.cpu ?? "4", memory: "8Gi", pods: more.pods ?? "110" } },
  }) as unknown as Node;
let uids = 0;
const pod = (cpu: string | undefined, spec: Partial<Pod["spec"]> = {}): Pod =>
  ({
    metadata: { name: "p", namespace: "n", uid: `u${++uids}` },
    spec: { containers: [{ name: "c", resources: cpu ? { requests: { cpu } } : {} }], ...spec },
    status: {},
  }) as unknown as Pod;
function snapshotOf(...nodes: Node[]): Snapshot {
  const snapshot = new Snapshot();
  for (const n of nodes) snapshot.setNode(n);
  return snapshot;
}
const choose = (p: Pod, s: Snapshot) => decide(podInfo(p), s.nodes(), plugins, seededChance(1));

test("the sentence counts each reason over the nodes, as upstream's does", () => {
  const s = snapshotOf(
    node("a", { cpu: "1" }),
    node("b", { cpu: "1" }),
    node("c", { spec: { unschedulable: true } }),
    node("d", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
  );
  const decision = choose(pod("2"), s);
  assert.equal(decision.node, undefined);
  assert.equal(
    decision.message,
    "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu.",
  );
  assert.equal(decision.verdicts.find(v => v.node === "c")?.refusedBy, "NodeUnschedulable");
  assert.equal(choose(pod("2"), snapshotOf()).message, "no nodes available to schedule pods");
});
test("every shortage of a node is named", () => {
  const s = snapshotOf(node("a", { pods: "0" }));
  assert.equal(choose(pod("9", {}), s).message, "0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods.");
});
test("a pod that was placed counts at once, and no more once it is forgotten", () => {
  const s = snapshotOf(node("a"));
  const first = pod("3");
  s.place(first, "a");
  assert.equal(choose(pod("2"), s).node, undefined);
  s.forget(first.metadata.uid!);
  assert.equal(choose(pod("2"), s).node, "a");
});
test("pods whose node is not seen yet count when it comes", () => {
  const s = snapshotOf();
  s.place(pod("3"), "a");
  s.setNode(node("a"));
  assert.equal(choose(pod("2"), s).node, undefined);
});
test("load is spread, preferences weigh, taints can be tolerated", () => {
  const s = snapshotOf(node("a"), node("b"));
  s.place(pod("2"), "a");
  assert.equal(choose(pod("1"), s).node, "b");
  const affinity = {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, preference: { matchExpressions: [{ key: "zone", operator: "In", values: ["x"] }] } },
      ],
    },
  };
  const zoned = snapshotOf(node("a"), node("b", { labels: { zone: "x" } }));
  assert.equal(choose(pod("1", { affinity }), zoned).node, "b");
  const tainted = snapshotOf(node("a", { spec: { taints: [{ key: "k", value: "v", effect: "NoSchedule" }] } }));
  assert.equal(choose(pod("1", { tolerations: [{ key: "k", operator: "Exists" }] }), tainted).node, "a");
});
test("host ports collide by port, protocol and address", () => {
  const withPort = (hostIP: string, protocol = "TCP") =>
    pod(undefined, {
      containers: [{ name: "c", ports: [{ containerPort: 1, hostPort: 80, hostIP, protocol }] }] as Pod["spec"]["containers"],
    });
  const s = snapshotOf(node("a"));
  s.place(withPort("127.0.0.1"), "a");
  assert.equal(choose(withPort("10.0.0.1"), s).node, "a");
  assert.equal(choose(withPort("", "UDP"), s).node, "a");
  assert.equal(choose(withPort(""), s).message, "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
});
test("sidecars and the greatest moment of initialisation count", () => {
  const c = (cpu: string, restartPolicy?: string) => ({ name: "i", restartPolicy, resources: { requests: { cpu } } });
  const p = pod("1", { initContainers: [c("1", "Always"), c("3")] as Pod["spec"]["containers"] });
  assert.equal(podInfo(p).requests.cpu, 4000);
});
