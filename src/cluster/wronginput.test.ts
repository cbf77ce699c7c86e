/** Whatever createCluster and a cluster are given that they cannot take is told in a sentence that names it, before anything happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, type ClusterOptions, createCluster } from "coxswain";

/** Each with what the sentence begins with. As JavaScript, whose compiler says nothing. */
const OPTIONS: readonly (readonly [object, string])[] = [
  [{ nodes: -1 }, "nodes: from 0 to 5000, not -1"],
  [{ nodes: "3" }, "nodes: from 0 to 5000, not 3"],
  [{ nodez: 3 }, "nodez: there is no such option; there are seed, nodes,"],
  [{ seed: "x" }, "seed: a whole number, not x"],
  [{ controlPlanes: 0 }, "controlPlanes: from 1 to 9, not 0"],
  [{ store: "dick" }, 'store: "memory" or "disk", not dick'],
  [{ start: "yesterday" }, "start: a time such as 2026-01-01T00:00:00Z, not yesterday"],
  [{ images: { web: {} } }, 'images: a function for each image, by its reference, not {"web":{}}'],
  [{ invariants: "some" }, 'invariants: "all", or a list of invariants, not some'],
  [{ stages: 5 }, 'stages: "fast", YAML, or a list of objects, not 5'],
  [{ stages: "kind: [" }, "stages: yaml: line 1: "],
  [{ kubelet: "none" }, 'kubelet: an object such as { evictionHard: { "memory.available": "1Gi" } }, not none'],
  [{ kubelet: { evictionHrd: {} } }, "kubelet.evictionHrd: there is no such field; there are evictionHard, "],
  [{ kubelet: { evictionHard: { "memory.available": "much" } } }, "kubelet.evictionHard: memory.available: "],
  [{ from: {} }, "from: what snapshot() of a cluster resolves with, not {}"],
  [{ faults: "nodeDeath" }, "faults: a list of faults, not nodeDeath"],
  [{ faults: [{ fault: "earthquake" }] }, "faults[0].fault: one of answer, clockSkew,"],
  [{ faults: [{ fault: "watchCut" }, { fault: "nodeDeath" }] }, "faults[1].node: it must be said"],
  [{ faults: [{ fault: "nodeDeath", node: "node-9" }] }, 'faults[0].node: none is called "node-9"'],
  [{ faults: [{ fault: "nodeDeath", node: "node-1", untill: "1m" }] }, "faults[0].untill: there is no such field; there are at, for, node"],
  [{ faults: [{ fault: "nodeDeath", node: "node-1", at: "soon" }] }, 'faults[0].at: time: invalid duration "soon"'],
  [{ faults: [{ fault: "answer", code: 200, rate: 1 }] }, "faults[0].code: one of 409, 410, 429, 500, 503, 504, not 200"],
  [{ faults: [{ fault: "answer", code: 500, rate: 7 }] }, "faults[0].rate: a number from 0 to 1, not 7"],
  [{ faults: [{ fault: "partition", who: "kubelte" }] }, 'faults[0].who: no component is called "kubelte"'],
  [{ faults: [{ fault: "nodePartition", nodes: "node-1" }] }, 'faults[0].nodes: a list of nodes\' names, not "node-1"'],
  [{ faults: [{ fault: "nodePartition", nodes: [] }] }, "faults[0].nodes: a list of nodes' names, not []"],
  [{ faults: [{ fault: "nodePartition", nodes: ["node-9"] }] }, 'faults[0].nodes: none is called "node-9"'],
  [{ faults: [{ fault: "nodePartition", nodes: ["node-1"], from: ["node-1"] }] }, "faults[0]: from: node-1 is among nodes, too"],
  [{ faults: [{ fault: "nodePartition", nodes: ["node-1"], oneWay: 1 }] }, "faults[0].oneWay: true or false, not 1"],
  [{ faults: [{ fault: "traffic", does: "eat", rate: 1 }] }, 'faults[0].does: one of loseRequest, loseAnswer, delay, repeat, not "eat"'],
  [{ faults: [{ fault: "containerCrash", count: 0 }] }, "faults[0].count: a whole number from 1, not 0"],
  [
    { faults: [{ fault: "crash", who: "kubelet/node-1", port: "store", call: 1, when: "before" }] },
    "faults[0]: port: kubelet/node-1 has client, runtime, disk, logFiles, cgroups, machine, prober, not store",
  ],
  [{ stages: "fast", faults: [{ fault: "probes", node: "node-1" }] }, "faults[0].node: the cluster has no simulated machines"],
];
test("wrong options", async () => {
  for (const [options, says] of OPTIONS)
    await assert.rejects(createCluster(options as ClusterOptions), ({ message }: Error) => {
      assert.ok(message.startsWith(says), `${message}\nshould begin with ${says}`);
      return true;
    });
  for (const options of [null, 5])
    await assert.rejects(createCluster(options as never), /^Error: options: an object such as \{ nodes: 3 \}, not /);
  const cluster = await createCluster({ nodes: 0 });
  const snapshot = await cluster.snapshot();
  await cluster.close();
  const text = JSON.stringify(snapshot, (_, value) => (typeof value === "bigint" ? String(value) : value));
  await assert.rejects(createCluster({ from: JSON.parse(text) }), /^Error: from: bytes as they were: .*…$/);
  await (await createCluster({ from: structuredClone(snapshot) })).close();
});

const POD = { apiVersion: "v1", kind: "Pod" } as const;
/** What is asked of a cluster, and what it says. */
const CALLS: readonly (readonly [(cluster: Cluster) => unknown, RegExp])[] = [
  [c => c.clock.advance("x"), /^advance: time: invalid duration "x"$/],
  [c => c.clock.advance(Number.POSITIVE_INFINITY), /^advance: Infinity is no span of time to come$/],
  [c => c.clock.follow(0), /^speed: more than 0, not 0$/],
  [c => c.settled({ quit: "1s" } as never), /^settled: there is no option quit; there are quiet, within$/],
  [c => c.settled({ within: "-1s" }), /^within: -1s is no span of time to come$/],
  [c => c.apply(undefined as never), /^apply takes YAML, an object or a list of objects$/],
  [c => c.apply("a: [1"), /^the YAML to apply: yaml: line 1: /],
  [c => c.apply({ ...POD, metadata: {} }), /^name: which Pod is meant must be said$/],
  [c => c.apply({ kind: "Pod", metadata: { name: "x" } } as never), /^a kind is named by \{ apiVersion, kind \}, not by /],
  [c => c.apply({ ...POD, metadata: { name: "x" }, spec: { containrs: [] } }), /\.spec\.containrs: field not declared in schema$/],
  [c => c.client.get(POD, "", "default"), /^name: which Pod is meant must be said$/],
  [c => c.client.get(POD, "x"), /^namespace: where the Pod x is must be said$/],
  [c => c.client.get("Pod" as never, "x", "default"), /^a kind is named by \{ apiVersion, kind \}, not by "Pod"$/],
  [c => c.client.get({ apiVersion: "batch/v9", kind: "Job" } as never, "x", "default"), /^no kind is called Job in batch\/v9$/],
  [c => c.client.list(POD, "default" as never), /^options: an object such as \{ namespace: "default" \}, not "default"$/],
  [c => c.client.create({ ...POD, metadata: {} } as never), /^namespace: where the Pod is must be said$/],
  [c => c.client.create({ apiVersion: "v1", kind: "Namespace", metadata: {} } as never), /name or generateName is required/],
  [c => c.client.list(POD, { namespce: "default" } as never), /^options\.namespce: there is no such option; there are namespace, /],
  [c => c.client.list(POD, { labelSelector: "a in" }), /^unable to parse requirement/],
  [
    c => c.client.patch(POD, "x", {}, { namespace: "default", type: "other" as never }),
    /^type: one of json, merge, strategic, apply, not "other"$/,
  ],
  [
    c => c.client.create({ ...POD, metadata: { name: "x", namespace: "default" }, spec: { containers: [], containrs: [] } as never }),
    /strict decoding error: unknown field "spec\.containrs"$/,
  ],
  [c => c.client.delete(POD, "x", "default" as never), /^options: an object such as /],
  [c => c.why("pods", "nope"), /^pods "nope" not found$/],
  [c => c.fetch("web"), /^url: http:\/\/HOST\/PATH, not "web"$/],
  [c => c.fetch("http://web", { from: "nobody" }), /^from: there is no pod default\/nobody$/],
  [c => c.fetch("http://web", { timeot: "1s" } as never), /^fetch: there is no option timeot; there are namespace, from, method, /],
  [c => c.fetch("http://web", { timeout: "soon" }), /^timeout: time: invalid duration "soon"$/],
  [c => c.serve(99_999), /^port: from 0 to 65535, not 99999$/],
  [c => c.nodes.stop("x"), /^no node is called "x"$/],
  [c => c.controlPlane.stop("x"), /^no control plane is called "x"$/],
  [c => c.faults.add([]), /^the cluster was made without faults: createCluster\(\{ faults: \[\] \}\)$/],
];
test("wrong calls", async t => {
  const cluster = await createCluster();
  t.after(() => cluster.close());
  for (const [call, says] of CALLS) await assert.rejects(async () => call(cluster), { message: says });
});

test("a cluster that is closed says so, and nothing of it comes back", async () => {
  const cluster = await createCluster();
  await cluster.close();
  await cluster.close();
  const calls: readonly (() => unknown)[] = [
    () => cluster.clock.advance("1s"),
    () => cluster.clock.follow(),
    () => cluster.settled(),
    () => cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } }),
    () => cluster.client.get({ apiVersion: "v1", kind: "Namespace" }, "default"),
    () => cluster.why("namespace", "default"),
    () => cluster.fetch("http://web"),
    () => cluster.fork(),
    () => cluster.snapshot(),
    () => cluster.serve(),
    () => cluster.nodes.start("node-1"),
    () => cluster.controlPlane.start(),
  ];
  for (const call of calls) await assert.rejects(async () => call(), { message: "the cluster is closed" });
  assert.ok(cluster.history().length > 0, "what it did can still be read");
});
