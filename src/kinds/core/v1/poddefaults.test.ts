import assert from "node:assert/strict";
import test from "node:test";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { pullPolicyOf } from "#kinds/core/v1/poddefaults.ts";
import { qosClassOf } from "#kinds/core/v1/qos.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { make } from "#schema/make.ts";

const CONTEXT = { now: Date.parse("2026-01-01T00:00:00Z"), user: "ann" };

test("the tag decides on pulling", () => {
  assert.equal(pullPolicyOf("nginx"), "Always");
  assert.equal(pullPolicyOf("nginx:latest"), "Always");
  assert.equal(pullPolicyOf("127.0.0.1:5000/nginx"), "Always");
  assert.equal(pullPolicyOf("127.0.0.1:5000/nginx:1.2"), "IfNotPresent");
  assert.equal(pullPolicyOf("nginx@sha256:abc"), "IfNotPresent");
});

test("a small pod gets all that upstream gives it", () => {
  const pod = make(Pod, {
    metadata: { name: "p" },
    spec: {
      serviceAccount: "web",
      containers: [{ name: "a", image: "i:1", resources: { limits: { cpu: "1" } }, readinessProbe: { httpGet: { port: 80 } } }],
      volumes: [{ name: "v" }, { name: "s", secret: { secretName: "x" } }, { name: "h", hostPath: { path: "/x" } }],
    },
  });
  const { spec } = pod;
  assert.equal(spec.restartPolicy, "Always");
  assert.equal(spec.dnsPolicy, "ClusterFirst");
  assert.equal(spec.schedulerName, "default-scheduler");
  assert.equal(spec.terminationGracePeriodSeconds, 30);
  assert.equal(spec.enableServiceLinks, true);
  assert.deepEqual(spec.securityContext, {});
  assert.equal(spec.serviceAccountName, "web");
  const c = spec.containers[0]!;
  assert.equal(c.imagePullPolicy, "IfNotPresent");
  assert.equal(c.terminationMessagePath, "/dev/termination-log");
  assert.equal(c.terminationMessagePolicy, "File");
  assert.deepEqual(c.resources.requests, { cpu: "1" });
  const probe = {
    httpGet: { path: "/", port: 80, scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
  assert.deepEqual({ ...c.readinessProbe }, probe);
  assert.deepEqual(spec.volumes, [
    { name: "v", emptyDir: {} },
    { name: "s", secret: { secretName: "x", defaultMode: 420 } },
    { name: "h", hostPath: { path: "/x", type: "" } },
  ]);
});

test("host ports follow container ports on the host's network", () => {
  const pod = make(Pod, { spec: { hostNetwork: true, containers: [{ name: "a", image: "i", ports: [{ containerPort: 80 }] }] } });
  assert.deepEqual(pod.spec.containers[0]?.ports, [{ containerPort: 80, hostPort: 80, protocol: "TCP" }]);
});

test("a new pod is pending and has its class", () => {
  const resources = { limits: { cpu: "1", memory: "1Gi" } };
  const pod = make(Pod, { spec: { schedulingGates: [{ name: "a/b" }], containers: [{ name: "a", image: "i", resources }] } });
  Pod.rules.prepareCreate?.(pod, CONTEXT);
  assert.equal(pod.status.phase, "Pending");
  assert.equal(pod.status.qosClass, "Guaranteed");
  assert.equal(pod.status.conditions?.[0]?.reason, "SchedulingGated");
  const burst = make(Pod, { spec: { containers: [{ name: "a", image: "i", resources: { requests: { cpu: "1m" } } }] } });
  assert.equal(qosClassOf(burst.spec), "Burstable");
  assert.equal(qosClassOf(make(Pod, { spec: { containers: [{ name: "a", image: "i" }] } }).spec), "BestEffort");
});

test("deployments, services, secrets, namespaces", () => {
  const d = make(Deployment, { spec: { selector: {}, template: { spec: { containers: [{ name: "a", image: "i" }] } } } });
  assert.equal(d.spec.replicas, 1);
  assert.deepEqual(d.spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } });
  assert.equal(d.spec.revisionHistoryLimit, 10);
  assert.equal(d.spec.progressDeadlineSeconds, 600);
  assert.equal(d.spec.template.spec.enableServiceLinks, undefined);

  const s = make(Service, { spec: { ports: [{ port: 80 }], type: "NodePort" } });
  assert.deepEqual(s.spec.ports, [{ port: 80, protocol: "TCP", targetPort: 80 }]);
  assert.equal(s.spec.externalTrafficPolicy, "Cluster");
  assert.equal(s.spec.internalTrafficPolicy, "Cluster");
  assert.equal(s.spec.sessionAffinity, "None");

  const secret = make(Secret, { data: { a: "eA==" }, stringData: { b: "é" } });
  assert.deepEqual(secret.data, { a: "eA==", b: "w6k=" });
  assert.equal(secret.stringData, undefined);
  assert.equal(secret.type, "Opaque");

  const n = make(Namespace, { metadata: { name: "x" } });
  assert.deepEqual(n.metadata.labels, { "kubernetes.io/metadata.name": "x" });
  Namespace.rules.prepareCreate?.(n, CONTEXT);
  assert.deepEqual(n.spec.finalizers, ["kubernetes"]);
  const cleared = make(Namespace, { metadata: { name: "x" } });
  Namespace.rules.prepareUpdate?.(cleared, n, CONTEXT);
  assert.deepEqual(cleared.spec.finalizers, ["kubernetes"]);
});

test("an update of a service keeps what was allocated and drops what its new type has no use for", () => {
  const old = make(Service, {
    spec: { type: "NodePort", clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ports: [{ port: 80, nodePort: 30001 }] },
  });
  const kept = make(Service, { spec: { type: "NodePort", ports: [{ port: 80 }] } });
  Service.rules.prepareUpdate?.(kept, old, CONTEXT);
  assert.equal(kept.spec.clusterIP, "10.0.0.1");
  assert.equal(kept.spec.ports?.[0]?.nodePort, 30001);
  const plain = make(Service, { spec: { ...structuredClone(old.spec), type: "ClusterIP" } });
  Service.rules.prepareUpdate?.(plain, old, CONTEXT);
  assert.equal(plain.spec.ports?.[0]?.nodePort, undefined);
  assert.equal(plain.spec.externalTrafficPolicy, undefined);
  const named = make(Service, { spec: { ...structuredClone(old.spec), type: "ExternalName", externalName: "x.y" } });
  Service.rules.prepareUpdate?.(named, old, CONTEXT);
  assert.equal(named.spec.clusterIP, undefined);
});
