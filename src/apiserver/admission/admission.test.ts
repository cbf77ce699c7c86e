import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultTolerationSeconds } from "#apiserver/admission/defaulttolerationseconds.ts";
import { namespaceLifecycle } from "#apiserver/admission/namespacelifecycle.ts";
import { priority } from "#apiserver/admission/priority.ts";
import { serviceAccount } from "#apiserver/admission/serviceaccount.ts";
import { taintNodesByCondition } from "#apiserver/admission/taintnodesbycondition.ts";
import { clockAt, objectsInMemory, statusOf } from "#apiserver/auth/testing.ts";
import type { Admission } from "#apiserver/call.ts";
import { seededChance } from "#base/chance.ts";
import type { Identity } from "#base/http.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { PriorityClass } from "#kinds/scheduling/v1/priorityclass.ts";

const nobody: Identity = { name: "x", groups: [] };
function write(kind: Kind, object: object | undefined, more: Partial<Admission> = {}): Admission {
  const whole = object as KubeObject | undefined;
  return {
    operation: "CREATE",
    kind,
    namespace: whole?.metadata.namespace ?? "",
    name: whole?.metadata.name ?? "",
    subresource: "",
    object: whole,
    old: undefined,
    user: nobody,
    dryRun: false,
    warnings: [],
    ...more,
  };
}
function podOf(spec: object = {}, metadata: object = {}): Pod {
  return {
    metadata: { name: "p", namespace: "ns", ...metadata },
    spec: { containers: [{ name: "c" }], ...spec },
    status: {},
  } as unknown as Pod;
}

test("NamespaceLifecycle", async () => {
  const objects = objectsInMemory();
  const plugin = namespaceLifecycle(objects);
  const map = { metadata: { name: "m", namespace: "ns" } };
  assert.equal((await statusOf(() => plugin.admit!(write(ConfigMap, map)))).message, 'namespaces "ns" not found');
  objects.put(Namespace, { metadata: { name: "ns" }, spec: {}, status: { phase: "Active" } });
  await plugin.admit!(write(ConfigMap, map));
  objects.put(Namespace, { metadata: { name: "ns" }, spec: {}, status: { phase: "Terminating" } });
  const refused = await statusOf(() => plugin.admit!(write(ConfigMap, map)));
  assert.equal(refused.message, 'configmaps "m" is forbidden: unable to create new content in namespace ns because it is being terminated');
  assert.deepEqual(refused.details, {
    name: "m",
    kind: "configmaps",
    causes: [{ reason: "NamespaceTerminating", message: "namespace ns is being terminated", field: "metadata.namespace" }],
  });
  await plugin.admit!(write(ConfigMap, map, { operation: "UPDATE" }));
  await plugin.admit!(write(ConfigMap, undefined, { operation: "DELETE", namespace: "gone", name: "m" }));
  assert.equal(
    (await statusOf(() => plugin.admit!(write(Namespace, undefined, { operation: "DELETE", name: "kube-system" })))).message,
    'namespaces "kube-system" is forbidden: this namespace may not be deleted',
  );
});

test("ServiceAccount mounts the token as upstream does", async () => {
  const objects = objectsInMemory();
  const plugin = serviceAccount(objects, clockAt(), seededChance(3));
  objects.put(ServiceAccount, { metadata: { name: "default", namespace: "ns" }, imagePullSecrets: [{ name: "pull" }] });
  const mounted = { name: "own", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" };
  const pod = podOf({ initContainers: [{ name: "i" }], containers: [{ name: "a" }, { name: "b", volumeMounts: [mounted] }] });
  await plugin.admit!(write(Pod, pod));
  await plugin.validate!(write(Pod, pod));
  assert.equal(pod.spec.serviceAccountName, "default");
  assert.equal(pod.spec.serviceAccount, "default");
  assert.deepEqual(pod.spec.imagePullSecrets, [{ name: "pull" }]);
  const [volume] = pod.spec.volumes!;
  assert.match(volume!.name, /^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.deepEqual(volume, {
    name: volume!.name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
    },
  });
  const mount = { name: volume!.name, readOnly: true, mountPath: mounted.mountPath };
  assert.deepEqual(pod.spec.initContainers![0]!.volumeMounts, [mount]);
  assert.deepEqual(
    pod.spec.containers.map(c => c.volumeMounts),
    [[mount], [mounted]],
  );
});
test("ServiceAccount: who wants no token gets none; the pod's word counts more than the account's", async () => {
  const objects = objectsInMemory();
  const plugin = serviceAccount(objects, clockAt(), seededChance(3));
  objects.put(ServiceAccount, { metadata: { name: "default", namespace: "ns" } });
  objects.put(ServiceAccount, { metadata: { name: "quiet", namespace: "ns" }, automountServiceAccountToken: false });
  const volumesOf = async (spec: object) => {
    const pod = podOf(spec);
    await plugin.admit!(write(Pod, pod));
    return pod.spec.volumes?.length ?? 0;
  };
  assert.equal(await volumesOf({ automountServiceAccountToken: false }), 0);
  assert.equal(await volumesOf({ serviceAccountName: "quiet" }), 0);
  assert.equal(await volumesOf({ serviceAccountName: "quiet", automountServiceAccountToken: true }), 1);
});
const atOnce = (_: number, run: () => void) => {
  queueMicrotask(run);
  return () => {};
};
test("ServiceAccount: an account that is not there; one that comes in time; mirror pods", async () => {
  const objects = objectsInMemory();
  const expiring = { ...clockAt(), after: atOnce };
  assert.equal(
    (await statusOf(() => serviceAccount(objects, expiring, seededChance(3)).admit!(write(Pod, podOf({ serviceAccountName: "foo" })))))
      .message,
    'pods "p" is forbidden: error looking up service account ns/foo: serviceaccount "foo" not found',
  );
  assert.equal(
    (await statusOf(() => serviceAccount(objects, expiring, seededChance(3)).admit!(write(Pod, podOf())))).message,
    'pods "p" is forbidden: error looking up service account ns/default: serviceaccount "default" not found',
  );
  const plugin = serviceAccount(objects, clockAt(), seededChance(3));
  const pod = podOf();
  const waiting = plugin.admit!(write(Pod, pod));
  objects.put(ServiceAccount, { metadata: { name: "default", namespace: "ns" } });
  await waiting;
  assert.equal(pod.spec.volumes?.length, 1);
  const mirror = podOf({ serviceAccountName: "default" }, { annotations: { "kubernetes.io/config.mirror": "x" } });
  await plugin.admit!(write(Pod, mirror));
  assert.equal(mirror.spec.volumes, undefined);
  assert.equal(
    (await statusOf(() => plugin.validate!(write(Pod, mirror)))).message,
    'pods "p" is forbidden: a mirror pod may not reference service accounts',
  );
});

test("DefaultTolerationSeconds", async () => {
  const ready = { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 };
  const reachable = { ...ready, key: "node.kubernetes.io/unreachable" };
  const tolerationsOf = async (tolerations?: object[]) => {
    const pod = podOf({ ...(tolerations && { tolerations }) });
    await defaultTolerationSeconds.admit!(write(Pod, pod));
    return pod.spec.tolerations;
  };
  assert.deepEqual(await tolerationsOf(), [ready, reachable]);
  assert.deepEqual(await tolerationsOf([{ operator: "Exists" }]), [{ operator: "Exists" }]);
  const own = { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoSchedule" };
  assert.deepEqual(await tolerationsOf([own]), [own, ready, reachable]);
});

test("Priority", async () => {
  const objects = objectsInMemory();
  const plugin = priority(objects);
  objects.put(PriorityClass, { metadata: { name: "system-node-critical" }, value: 2_000_001_000 });
  const resolved = async (spec: object) => {
    const pod = podOf(spec);
    await plugin.admit!(write(Pod, pod));
    return [pod.spec.priorityClassName, pod.spec.priority, pod.spec.preemptionPolicy];
  };
  assert.deepEqual(await resolved({}), [undefined, 0, "PreemptLowerPriority"]);
  assert.deepEqual(await resolved({ priorityClassName: "system-node-critical" }), [
    "system-node-critical",
    2000001000,
    "PreemptLowerPriority",
  ]);
  objects.put(PriorityClass, { metadata: { name: "usual" }, value: 7, globalDefault: true, preemptionPolicy: "Never" });
  assert.deepEqual(await resolved({}), ["usual", 7, "Never"]);
  const messageOf = async (spec: object) => (await statusOf(() => plugin.admit!(write(Pod, podOf(spec))))).message;
  assert.equal(await messageOf({ priorityClassName: "none" }), 'pods "p" is forbidden: no PriorityClass with name none was found');
  assert.equal(
    await messageOf({ priority: 8 }),
    'pods "p" is forbidden: the integer value of priority (8) must not be provided in pod spec; priority admission controller computed 7 from the given PriorityClass name',
  );
  assert.equal(
    await messageOf({ preemptionPolicy: "PreemptLowerPriority" }),
    'pods "p" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
  );
  const second = { metadata: { name: "second" }, value: 1, globalDefault: true };
  assert.equal(
    (await statusOf(() => plugin.validate!(write(PriorityClass, second)))).message,
    'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  );
});

test("TaintNodesByCondition", async () => {
  const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  for (const taints of [undefined, [taint]]) {
    const node = { metadata: { name: "n" }, spec: { taints }, status: {} } as unknown as Node;
    await taintNodesByCondition.admit!(write(Node, node));
    assert.deepEqual(node.spec.taints, [taint]);
  }
});
