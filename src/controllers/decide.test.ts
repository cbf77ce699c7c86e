/** The pure decisions, on literals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { parseCidr } from "#base/cidr.ts";
import { formatTime } from "#base/time.ts";
import type { Context } from "#client/controller.ts";
import type { Step } from "#client/steps.ts";
import { roll } from "#controllers/deployment/rollout.ts";
import { plannedOf, REVISION } from "#controllers/deployment/sets.ts";
import { deploymentController } from "#controllers/deployment.ts";
import { endpointsController } from "#controllers/endpoints.ts";
import { endpointSliceController } from "#controllers/endpointslice.ts";
import { decide as collect } from "#controllers/garbagecollector.ts";
import { decide as allocate } from "#controllers/nodeipam.ts";
import { nodeLifecycleController } from "#controllers/nodelifecycle.ts";
import { replicaSetController } from "#controllers/replicaset.ts";
import { evictionTime } from "#controllers/tainteviction.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ReplicaSet } from "#kinds/apps/v1/replicaset.ts";
import type { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { controllerReference } from "#rules/owners.ts";

const now = Date.UTC(2026, 0, 1);
const context = (failures: Context["failures"] = []): Context => ({ now, chance: seededChance(1), failures });
const brief = (steps: readonly Step[]) =>
  steps.map(s => ("kind" in s ? `${s.do} ${s.kind.kind} ${s.object.metadata?.name ?? ""}`.trim() : s.do));

const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i", resources: {} }] } };
const set = (replicas: number, more: object = {}) =>
  ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "a", namespace: "x", uid: "set", generation: 1 },
    spec: { replicas, selector: { matchLabels: { app: "a" } }, template },
    status: { replicas: 0 },
    ...more,
  }) as ReplicaSet;
const pod = (name: string, ready: boolean, more: object = {}) =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "x", uid: name, labels: { app: "a" }, ownerReferences: [controllerReference(ReplicaSet, set(1))] },
    spec: { nodeName: "n1", containers: [{ name: "c", resources: {}, ports: [{ name: "http", containerPort: 8080 }] }] },
    status: {
      phase: "Running",
      podIPs: [{ ip: "10.0.0.1" }],
      conditions: ready ? [{ type: "Ready", status: "True", lastTransitionTime: formatTime(now) }] : [],
    },
    ...more,
  }) as unknown as Pod;

test("a replica set makes what is missing and deletes the least useful", () => {
  const observe = (replicas: number, pods: Pod[]) => ({ set: set(replicas), pods, mayAdopt: false, related: pods });
  assert.deepEqual(brief(replicaSetController.decide(observe(2, [pod("p", true)]), context())), ["create Pod", "update ReplicaSet a"]);
  const two = [pod("ready", true), pod("not-ready", false)];
  assert.deepEqual(brief(replicaSetController.decide(observe(1, two), context())), ["delete Pod not-ready", "update ReplicaSet a"]);
  const failure = { did: "create" as const, kind: "Pod", reason: "Forbidden" as const, message: "no quota" };
  const [, said] = replicaSetController.decide(observe(1, []), context([failure]));
  assert.ok(said?.do === "update");
  assert.equal((said.object as ReplicaSet).status.conditions?.[0]?.message, "no quota");
});

test("a deployment counts a collision of hashes instead of taking another's set", () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace: "x", uid: "d", generation: 1 },
    spec: { replicas: 1, selector: { matchLabels: { app: "a" } }, template },
    status: {},
  } as unknown as Deployment;
  const observed = { deployment, sets: [], mayAdopt: false, pods: [] };
  const fresh = deploymentController.decide({ ...observed, namesake: undefined }, context());
  assert.match(brief(fresh)[0]!, /^create ReplicaSet d-[a-z0-9]+$/);
  const [made] = fresh;
  assert.ok(made?.do === "create");
  assert.equal(made.object.metadata?.annotations?.[REVISION], "1");
  const [step] = deploymentController.decide({ ...observed, namesake: set(1) }, context());
  assert.ok(step?.do === "update");
  assert.equal((step.object as Deployment).status.collisionCount, 1);
});

test("a deployment whose deadline has passed goes back to the last template that stood, if it asks for that", () => {
  const of = (image: string) => ({ ...template, spec: { containers: [{ name: "c", image, resources: {} }] } });
  const own = (name: string, revision: number, image: string, ready: number) => {
    const made = set(2, { status: { replicas: 2, readyReplicas: ready, availableReplicas: ready } });
    const labels = { app: "a", "pod-template-hash": name };
    made.metadata = { ...made.metadata, name, uid: name, labels, annotations: { [REVISION]: String(revision) } };
    made.spec.template = { ...of(image), metadata: { labels } };
    return made;
  };
  const deployment = (annotations: object, revision: number, image = "bad") =>
    ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d", namespace: "x", uid: "d", generation: 2, annotations: { [REVISION]: String(revision), ...annotations } },
      spec: { replicas: 2, progressDeadlineSeconds: 60, selector: { matchLabels: { app: "a" } }, template: of(image) },
      status: {
        observedGeneration: 2,
        conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", lastUpdateTime: formatTime(now - 1000) }],
      },
    }) as unknown as Deployment;
  const sets = [own("good", 1, "good", 2), own("bad", 2, "bad", 0)];
  for (const s of sets) s.metadata.ownerReferences = [controllerReference(Deployment, deployment({}, 2))];
  const decide = (d: Deployment, owned = sets) =>
    deploymentController.decide({ deployment: d, sets: owned, mayAdopt: false, pods: [], namesake: undefined }, context());
  const imageOf = (steps: readonly Step[]) => {
    const [step] = steps.filter(s => s.do === "update" && s.kind.kind === "Deployment" && s.subresource === undefined);
    return step?.do === "update" ? (step.object as Deployment).spec.template.spec?.containers[0]?.image : undefined;
  };
  const asks = { "coxswain.dev/rollback-on-deadline": "true", "coxswain.dev/rolled-out": "good" };
  const back = decide(deployment(asks, 2));
  assert.equal(imageOf(back), "good");
  assert.equal(back.length, 1, "nothing else is done to a template that goes");
  assert.ok(back[0]?.do === "update");
  assert.deepEqual((back[0].object as Deployment).spec.template.metadata?.labels, { app: "a" });
  assert.match(back[0].event?.done?.message ?? "", /^Rolled back deployment "d" to revision 1: revision 2 made no progress within 60 s$/);

  assert.equal(imageOf(decide(deployment({ ...asks, "coxswain.dev/rollback-on-deadline": "false" }, 2))), undefined, "it does not ask");
  assert.equal(imageOf(decide(deployment({ ...asks, "coxswain.dev/rolled-out": "bad" }, 2))), undefined, "nothing else stood");
  assert.equal(imageOf(decide(deployment(asks, 2), sets.slice(1))), undefined, "the set that stood is gone");
  // what is said of the deadline was said of another template: this one has its own
  const again = decide(deployment(asks, 1));
  assert.equal(imageOf(again), undefined);
  const status = again.flatMap(s => (s.do === "update" && s.subresource === "status" ? [s.object as Deployment] : []));
  assert.equal(status[0]?.status.conditions?.find(c => c.type === "Progressing")?.status, "True");
  // the good one stands again, and is noted
  const whole = decide(
    deployment({ ...asks, "coxswain.dev/rolled-out": "" }, 3, "good"),
    [own("good", 3, "good", 2)].map(
      s => ({ ...s, metadata: { ...s.metadata, ownerReferences: sets[0]?.metadata.ownerReferences } }) as ReplicaSet,
    ),
  );
  const noted = whole.flatMap(s => (s.do === "update" && s.subresource === "status" ? [s.object as Deployment] : []));
  assert.equal(noted[0]?.metadata.annotations?.["coxswain.dev/rolled-out"], "good");
});

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", namespace: "x", uid: "s" },
  spec: {
    selector: { app: "a" },
    ports: [{ name: "web", port: 80, targetPort: "http", protocol: "TCP" }],
    clusterIP: "10.96.0.1",
    ipFamilies: ["IPv4"],
  },
} as unknown as Service;

test("a rollout does not count pods that a set, scaled down, is about to delete", () => {
  const spec = { replicas: 4, strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } };
  const sets = [
    plannedOf(set(4, { status: { replicas: 5, availableReplicas: 5 } })),
    plannedOf(set(1, { status: { replicas: 1, availableReplicas: 0 } })),
  ] as const;
  roll({ spec } as unknown as Deployment, [sets[0]], sets[1]);
  assert.deepEqual(
    sets.map(s => s.replicas),
    [3, 1],
  );
});

test("endpoints are ready, serving and terminating as their pods are", () => {
  const zones = new Map([["n1", "z"]]);
  const dying = pod("dying", true);
  dying.metadata.deletionTimestamp = formatTime(now);
  const [step] = endpointSliceController.decide(
    { service, pods: [pod("up", true), pod("down", false), dying], slices: [], zones },
    context(),
  );
  assert.ok(step?.do === "create");
  const slice = step.object as unknown as EndpointSlice;
  assert.deepEqual(slice.ports, [{ name: "web", port: 8080, protocol: "TCP" }]);
  assert.deepEqual(
    slice.endpoints.map(e => [e.conditions.ready, e.conditions.serving, e.conditions.terminating, e.zone]),
    [
      [true, true, false, "z"],
      [false, false, false, "z"],
      [false, true, true, "z"],
    ],
  );
  const same = { ...slice, metadata: { ...slice.metadata, name: "s-1" } } as EndpointSlice;
  assert.deepEqual(
    endpointSliceController.decide({ service, pods: [pod("up", true), pod("down", false), dying], slices: [same], zones }, context()),
    [],
  );
  const many = Array.from({ length: 101 }, (_, i) => pod(`p${i}`, true));
  assert.equal(endpointSliceController.decide({ service, pods: many, slices: [], zones }, context()).length, 2);
});

test("endpoints leave terminating pods out and cut at a thousand, ready ones first", () => {
  const many = Array.from({ length: 1001 }, (_, i) => pod(`p${i}`, i > 0));
  const [step] = endpointsController.decide({ service, pods: many, endpoints: undefined }, context());
  assert.ok(step?.do === "create");
  const { subsets } = step.object as unknown as { subsets: { addresses: unknown[]; notReadyAddresses?: unknown[] }[] };
  assert.deepEqual([subsets.length, subsets[0]?.addresses.length, subsets[0]?.notReadyAddresses], [1, 1000, undefined]);
  assert.equal(step.object.metadata?.annotations?.["endpoints.kubernetes.io/over-capacity"], "truncated");
});

test("the garbage collector deletes what has no owner left, keeps what has one, and breaks circles", () => {
  const p = pod("p", true);
  const [reference] = p.metadata.ownerReferences!;
  const other = { ...reference!, uid: "other", controller: false };
  assert.deepEqual(brief(collect(Pod, p, [{ reference: reference!, state: "absent" }], [])), ["delete Pod p"]);
  assert.deepEqual(collect(Pod, p, [{ reference: reference!, state: "unknown" }], []), []);
  const two = { ...p, metadata: { ...p.metadata, ownerReferences: [reference!, other] } };
  const kept = collect(
    Pod,
    two,
    [
      { reference: reference!, state: "waiting" },
      { reference: other, state: "solid" },
    ],
    [],
  );
  assert.deepEqual(brief(kept), ["patch Pod p"]);
  const waiting = { ...set(1), metadata: { ...set(1).metadata, deletionTimestamp: formatTime(now), finalizers: ["foregroundDeletion"] } };
  assert.deepEqual(collect(ReplicaSet, waiting, [], [{ kind: Pod, object: p }]), []);
  assert.deepEqual(brief(collect(ReplicaSet, waiting, [], [])), ["patch ReplicaSet a"]);
  const [circle] = collect(Pod, p, [{ reference: reference!, state: "waiting" }], [{ kind: ReplicaSet, object: waiting }]);
  assert.equal(circle?.do, "patch");
  const [told] = collect(Pod, p, [{ reference: reference!, state: "absent", elsewhere: "y" }], []);
  assert.ok(told?.do === "event");
  assert.equal(told.reason, "OwnerRefInvalidNamespace");
});

test("node ranges do not overlap, and none is given when none is left", () => {
  const node = (name: string, podCIDR?: string) =>
    ({ metadata: { name, uid: name }, spec: { ...(podCIDR && { podCIDR }) } }) as unknown as Node;
  const ranges = [{ range: parseCidr("10.0.0.0/23")!, prefix: 24 }];
  const steps = allocate(ranges, [node("a", "10.0.0.0/24"), node("b"), node("c")]);
  assert.deepEqual(
    steps.map(s => (s.do === "patch" ? (s.patch as { spec: { podCIDR: string } }).spec.podCIDR : s.do)),
    ["10.0.1.0/24", "event"],
  );
});

test("a silent node is unknown; one that reports is left alone until its time is up", () => {
  const node = { metadata: { name: "n" }, spec: {}, status: { conditions: [{ type: "Ready", status: "True" }] } } as unknown as Node;
  const quiet = nodeLifecycleController.decide({ node, heard: now - 10_000, pods: [] }, context());
  assert.deepEqual(quiet, [{ do: "wake", at: now + 40_000, because: "its kubelet is to be heard of by then" }]);
  const silent = nodeLifecycleController.decide({ node, heard: now - 50_000, pods: [pod("p", true)] }, context());
  assert.deepEqual(brief(silent), ["update Node n", "event", "patch Pod p", "event", "wake"]);
});

test("the shortest toleration decides, from the time of the taint", () => {
  const taint = { key: "k", effect: "NoExecute", timeAdded: formatTime(now) };
  const tolerating = (...seconds: (number | undefined)[]) => {
    const tolerations = seconds.map(tolerationSeconds => ({
      key: "k",
      operator: "Exists",
      ...(tolerationSeconds !== undefined && { tolerationSeconds }),
    }));
    return pod("p", true, { spec: { tolerations, containers: [] } });
  };
  assert.equal(evictionTime(tolerating(), [taint], now), now);
  assert.equal(evictionTime(tolerating(undefined), [taint], now), undefined);
  assert.equal(evictionTime(tolerating(60, 30), [taint], now), now + 30_000);
});
