import assert from "node:assert/strict";
import test from "node:test";
import { seededChance } from "#base/chance.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { decide, explain } from "#scheduler/decide.ts";
import { plugins } from "#scheduler/plugins/all.ts";
import { podInfo } from "#scheduler/podinfo.ts";
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
const choose = (p: Pod, s: Snapshot) => decide(podInfo(p), s, plugins, seededChance(1));

test("the sentence counts each reason over the nodes, as upstream's does", () => {
  const s = snapshotOf(
    node("a", { cpu: "1" }),
    node("b", { cpu: "1" }),
    node("c", { spec: { unschedulable: true } }),
    node("d", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
  );
  const big = pod("2");
  const decision = choose(big, s);
  assert.equal(decision.node, undefined);
  assert.equal(
    decision.message,
    "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu.",
  );
  assert.equal(explain(podInfo(big), s, plugins).find(v => v.node === "c")?.refusedBy, "NodeUnschedulable");
  assert.equal(choose(pod("2"), snapshotOf()).message, "no nodes available to schedule pods");
});
test("every shortage of a node is named", () => {
  const s = snapshotOf(node("a", { pods: "0" }));
  assert.equal(choose(pod("9", {}), s).message, "0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods.");
});
test("a pod that was placed counts at once, and no more once it is forgotten", () => {
  const s = snapshotOf(node("a"));
  const first = pod("3");
  s.place(podInfo(first), "a");
  assert.equal(choose(pod("2"), s).node, undefined);
  s.forget(first.metadata.uid!);
  assert.equal(choose(pod("2"), s).node, "a");
});
test("pods whose node is not seen yet count when it comes", () => {
  const s = snapshotOf();
  s.place(podInfo(pod("3")), "a");
  s.setNode(node("a"));
  assert.equal(choose(pod("2"), s).node, undefined);
});
test("load is spread, preferences weigh, taints can be tolerated", () => {
  const s = snapshotOf(node("a"), node("b"));
  s.place(podInfo(pod("2")), "a");
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
  s.place(podInfo(withPort("127.0.0.1")), "a");
  assert.equal(choose(withPort("10.0.0.1"), s).node, "a");
  assert.equal(choose(withPort("", "UDP"), s).node, "a");
  assert.equal(choose(withPort(""), s).message, "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
});
test("sidecars and the greatest moment of initialisation count", () => {
  const c = (cpu: string, restartPolicy?: string) => ({ name: "i", restartPolicy, resources: { requests: { cpu } } });
  const p = pod("1", { initContainers: [c("1", "Always"), c("3")] as Pod["spec"]["containers"] });
  assert.equal(podInfo(p).requests.cpu, 4000);
});

const SPREAD = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: { app: "web" } } };
const web = (spec: object) => {
  const p = pod("100m", spec as Partial<Pod["spec"]>);
  return { ...p, metadata: { ...p.metadata, labels: { app: "web" } } } as Pod;
};
test("pods are spread over places, and the sentence says where the label lacks", () => {
  const s = snapshotOf(node("a", { labels: { zone: "1" } }), node("b", { labels: { zone: "2" } }), node("c"));
  const spread = (more = {}) => web({ topologySpreadConstraints: [{ ...SPREAD, ...more }] });
  s.place(podInfo(web({})), "a");
  assert.equal(choose(spread(), s).node, "b");
  s.place(podInfo(web({})), "a");
  s.place(podInfo(web({})), "b");
  assert.equal(choose(spread(), s).node, "b");
  assert.equal(
    choose(spread({ minDomains: 3 }), s).message,
    "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label), 2 node(s) didn't match pod topology spread constraints.",
  );
});
test("pods keep near and away from others, and those that are there have a say", () => {
  const s = snapshotOf(node("a"), node("b"));
  const near = (app: string) => ({ topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app } } });
  const wants = (side: string, app: string) => ({ affinity: { [side]: { requiredDuringSchedulingIgnoredDuringExecution: [near(app)] } } });
  assert.ok(choose(web(wants("podAffinity", "web")), s).node, "the first of its own sort may begin");
  assert.equal(choose(web(wants("podAffinity", "db")), s).message, "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.");
  s.place(podInfo(web(wants("podAntiAffinity", "web"))), "a");
  assert.equal(choose(web({}), s).node, "b");
  s.place(podInfo(web({})), "b");
  assert.equal(choose(web(wants("podAffinity", "web")), s).node, "b");
  assert.equal(
    choose(web(wants("podAntiAffinity", "web")), s).message,
    "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
  );
  assert.equal(
    choose(web({ nodeSelector: { "kubernetes.io/hostname": "a" } }), s).message,
    "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  );
});
