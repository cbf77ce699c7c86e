import assert from "node:assert/strict";
import test from "node:test";
import { type Chance, seededChance } from "#base/chance.ts";
import { selectorOf } from "#base/selector.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { decide, explain } from "#scheduler/decide.ts";
import { plugins } from "#scheduler/plugins/all.ts";
import { countsAlike, podInfo } from "#scheduler/podinfo.ts";
import { Snapshot } from "#scheduler/snapshot.ts";
import { plainly } from "#scheduler/testing.ts";

/** Draws of one seed. */
function dice(chance: Chance) {
  const below = (n: number) => Math.floor(chance.next() * n);
  const one = <T>(...of: readonly T[]): T => of[below(of.length)]!;
  const maybe = <T>(p: number, make: () => T): T | undefined => (chance.next() < p ? make() : undefined);
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make);
  return { below, one, maybe, some };
}
type Dice = ReturnType<typeof dice>;

const KEYS = ["kubernetes.io/hostname", "topology.kubernetes.io/zone", "rack"];
const label = ({ one }: Dice): Record<string, string> => ({ app: one("a", "b", "c"), ...(one(true, false) && { tier: one("x", "y") }) });
const selector = ({ one, maybe }: Dice) =>
  one<unknown>(
    { matchLabels: { app: one("a", "b", "c") } },
    { matchExpressions: [{ key: "app", operator: one("In", "NotIn"), values: [one("a", "b")] }] },
    { matchExpressions: [{ key: "tier", operator: one("Exists", "DoesNotExist") }] },
    maybe(0.5, () => ({})),
  );
const term = (d: Dice) => ({
  topologyKey: d.one(...KEYS),
  labelSelector: selector(d),
  namespaces: d.maybe(0.2, () => [d.one("n1", "n2")]),
  namespaceSelector: d.maybe(0.2, () => d.one({}, { matchLabels: { team: d.one("r", "s") } })),
});
const rules = (d: Dice) => ({
  requiredDuringSchedulingIgnoredDuringExecution: d.maybe(0.5, () => d.some(2, () => term(d))),
  preferredDuringSchedulingIgnoredDuringExecution: d.maybe(0.5, () =>
    d.some(2, () => ({ weight: 1 + d.below(100), podAffinityTerm: term(d) })),
  ),
});
const constraint = (d: Dice) => {
  const whenUnsatisfiable = d.one("DoNotSchedule", "ScheduleAnyway");
  return {
    ...{ maxSkew: 1 + d.below(3), topologyKey: d.one(...KEYS), whenUnsatisfiable, labelSelector: selector(d) },
    minDomains: whenUnsatisfiable === "DoNotSchedule" ? d.maybe(0.3, () => 1 + d.below(4)) : undefined,
    nodeAffinityPolicy: d.maybe(0.4, () => d.one("Honor", "Ignore")),
    nodeTaintsPolicy: d.maybe(0.4, () => d.one("Honor", "Ignore")),
  };
};
const taint = ({ one }: Dice) => ({ key: one("k", "l"), effect: one("NoSchedule", "PreferNoSchedule", "NoExecute") });

function randomNode(d: Dice, name: string): Node {
  const labels: Record<string, string> = {};
  if (d.below(10) > 0) labels["kubernetes.io/hostname"] = name;
  if (d.below(5) > 0) labels["topology.kubernetes.io/zone"] = d.one("z1", "z2", "z3");
  if (d.below(3) > 0) labels.rack = d.one("r1", "r2");
  return {
    metadata: { name, labels },
    spec: { unschedulable: d.maybe(0.05, () => true), taints: d.maybe(0.2, () => d.some(2, () => taint(d))) },
    status: {
      allocatable: { cpu: d.one("2", "4", "8"), memory: d.one("4Gi", "8Gi"), pods: d.one("3", "10", "10"), "x/gpu": d.one("0", "2") },
    },
  } as unknown as Node;
}
let uids = 0;
function randomPod(d: Dice): Pod {
  const requests: Record<string, string> = {};
  if (d.below(4) > 0) requests.cpu = d.one("100m", "500m", "1", "3");
  if (d.below(3) > 0) requests.memory = d.one("100Mi", "1Gi");
  if (d.below(8) === 0) requests["x/gpu"] = "1";
  const ports = d.maybe(0.15, () => [{ containerPort: 1, hostPort: d.one(80, 81), hostIP: d.one("", "10.0.0.1", "10.0.0.2") }]);
  const preference = { matchExpressions: [{ key: "rack", operator: "In", values: [d.one("r1", "r2")] }] };
  const nodeAffinity = d.maybe(0.3, () => ({
    requiredDuringSchedulingIgnoredDuringExecution: d.maybe(0.5, () => ({
      nodeSelectorTerms: [
        d.one<unknown>(
          { matchExpressions: [{ key: "rack", operator: d.one("Exists", "DoesNotExist") }] },
          { matchFields: [{ key: "metadata.name", operator: "In", values: [`node-${d.below(6)}`] }] },
        ),
      ],
    })),
    preferredDuringSchedulingIgnoredDuringExecution: d.some(2, () => ({ weight: 1 + d.below(50), preference })),
  }));
  return {
    metadata: {
      ...{ name: "p", namespace: d.one("n1", "n2", "n3"), uid: `u${++uids}`, labels: label(d) },
      deletionTimestamp: d.maybe(0.05, () => "2026-01-01T00:00:00Z"),
    },
    spec: {
      containers: [{ name: "c", resources: { requests }, ports }],
      nodeSelector: d.maybe(0.1, () => ({ "topology.kubernetes.io/zone": d.one("z1", "z2") })),
      tolerations: d.maybe(0.3, () =>
        d.some(2, () => ({ key: d.one("k", "l"), operator: "Exists", effect: d.maybe(0.5, () => "NoSchedule") })),
      ),
      affinity: d.maybe(0.6, () => ({
        nodeAffinity,
        podAffinity: d.maybe(0.4, () => rules(d)),
        podAntiAffinity: d.maybe(0.4, () => rules(d)),
      })),
      topologySpreadConstraints: d.maybe(0.5, () => d.some(2, () => constraint(d))),
    },
    status: {},
  } as unknown as Pod;
}

/** A cluster that changes at random, beside its plain picture. */
function story(seed: number, steps: number): void {
  const chance = seededChance(seed);
  const d = dice(chance);
  const snapshot = new Snapshot();
  const nodes = new Map<string, Node>();
  const placed = new Map<string, { pod: Pod; node: string }>();
  const namespaces = new Map<string, Record<string, string>>();
  // pods to be placed come of few templates, so that what is kept is used
  const templates = Array.from({ length: 6 }, () => randomPod(d));
  const setNode = () => {
    // more than there is room for at first, so that columns grow
    const node = randomNode(d, `node-${d.below(seed % 10 === 0 ? 90 : 9)}`);
    nodes.set(node.metadata.name!, node);
    snapshot.setNode(node);
  };
  const put = (pod: Pod, node: string) => {
    placed.set(pod.metadata.uid!, { pod, node });
    snapshot.place(podInfo(pod), node);
  };
  /** As the scheduler takes a pod's next state. */
  const changeOf = (uid: string) => {
    const known = placed.get(uid);
    if (!known) return;
    const { metadata, ...rest } = known.pod;
    const pod = { ...rest, metadata: { ...metadata, ...d.maybe(0.5, () => ({ labels: label(d) })) }, status: { phase: "Running" } } as Pod;
    placed.set(uid, { ...known, pod });
    const counted = snapshot.placed(uid)!;
    if (countsAlike(counted.pod.pod, pod)) snapshot.renew({ ...counted.pod, pod });
    else snapshot.place(podInfo(pod), known.node);
  };
  const setNamespace = () => {
    const [name, labels] = [d.one("n1", "n2", "n3"), { team: d.one("r", "s") }];
    namespaces.set(name, labels);
    snapshot.setNamespace(name, labels);
  };
  for (let i = 0; i < 6; i++) setNode();
  setNamespace();
  for (let step = 0; step < steps; step++) {
    const what = d.below(20);
    if (what < 3) setNode();
    else if (what === 3) {
      const name = `node-${d.below(9)}`;
      nodes.delete(name);
      snapshot.removeNode(name);
    } else if (what === 4) setNamespace();
    else if (what < 8) put(randomPod(d), `node-${d.below(10)}`);
    else if (what < 11) {
      const gone = d.one("", ...placed.keys());
      placed.delete(gone);
      snapshot.forget(gone);
    } else if (what === 11) changeOf(d.one("", ...placed.keys()));
    const template = d.one(...templates);
    const pod = { ...template, metadata: { ...template.metadata, uid: `u${++uids}`, deletionTimestamp: undefined } } as unknown as Pod;
    const siblings = d.maybe(0.3, () => selectorOf({ matchLabels: { app: d.one("a", "b") } }));
    const pods = new Map<string, Pod[]>();
    for (const p of placed.values()) pods.set(p.node, [...(pods.get(p.node) ?? []), p.pod]);
    const world = { nodes: [...nodes.values()].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1)), pods, namespaces };
    const expected = plainly(pod, world, siblings);
    const info = podInfo(pod, siblings);
    const found = explain(info, snapshot, plugins).sort((a, b) => (a.node < b.node ? -1 : 1));
    assert.deepEqual(found, expected, `seed ${seed}, step ${step}`);
    const draw = chance.next();
    const decision = decide(info, snapshot, plugins, { ...chance, next: () => draw });
    const best = Math.max(...expected.map(v => v.score ?? -1));
    const ties = expected.filter(v => v.score === best);
    assert.equal(decision.fitting, expected.filter(v => v.score !== undefined).length, `seed ${seed}, step ${step}`);
    if (best < 0) assert.equal(decision.node, undefined);
    else {
      assert.equal(decision.score, best, `seed ${seed}, step ${step}: one of the best is chosen`);
      assert.equal(decision.node, ties[Math.floor(draw * ties.length)]!.node, `seed ${seed}, step ${step}: the one that chance names`);
      put(pod, decision.node!);
    }
  }
}

test("the columns say what the plain rules say, node by node and score by score, whatever has changed between", () => {
  for (let seed = 1; seed <= 60; seed++) story(seed, 40);
});
test("each of the best is chosen about as often", () => {
  const d = dice(seededChance(3));
  const snapshot = new Snapshot();
  const node = randomNode(d, "node-0");
  const plain = { ...node, spec: {} } as Node;
  for (let i = 0; i < 4; i++) snapshot.setNode({ ...plain, metadata: { name: `node-${i}` } } as Node);
  const pod = { metadata: { name: "p", uid: "p" }, spec: { containers: [{ name: "c" }] }, status: {} } as unknown as Pod;
  const chance = seededChance(5);
  const times = new Map<string, number>();
  for (let i = 0; i < 400; i++) {
    const { node } = decide(podInfo(pod), snapshot, plugins, chance);
    times.set(node!, (times.get(node!) ?? 0) + 1);
  }
  assert.equal(times.size, 4);
  for (const n of times.values()) assert.ok(n > 60 && n < 140, `${n} of 400`);
});
