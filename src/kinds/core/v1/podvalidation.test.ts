import assert from "node:assert/strict";
import test from "node:test";
import { Report } from "#base/fielderror.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { make } from "#schema/make.ts";
import type { Draft } from "#schema/notation.ts";

type Spec = Draft<Pod>["spec"];
const container = { name: "a", image: "i:1" };
function pod(spec: Spec = {}, metadata: Draft<Pod>["metadata"] = { name: "p", namespace: "n" }): Pod {
  return make(Pod, { metadata, spec: { serviceAccountName: "default", containers: [container], ...spec } });
}
const texts = (report: Report) => report.errors.map(e => `${e.field}: ${e.body}`);
function complaints(spec: Spec, metadata?: Draft<Pod>["metadata"]): string[] {
  const report = new Report();
  const p = pod(spec, metadata);
  Pod.rules.validate?.(p, report);
  Pod.rules.validateCreate?.(p, report);
  return texts(report);
}
function onUpdate(next: Pod, old: Pod): string[] {
  const report = new Report();
  Pod.rules.validateUpdate?.(next, old, report);
  return texts(report);
}

test("a plain pod is good", () => assert.deepEqual(complaints({}), []));

test("containers", () => {
  assert.deepEqual(complaints({ containers: [] }), ["spec.containers: Required value"]);
  assert.deepEqual(complaints({ containers: [container, container] }), ['spec.containers[1].name: Duplicate value: "a"']);
  assert.deepEqual(complaints({ containers: [{ name: "A" }] }), [
    `spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    "spec.containers[0].image: Required value",
  ]);
  assert.deepEqual(complaints({ containers: [{ ...container, image: " i" }] }), [
    'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
  ]);
  assert.deepEqual(complaints({ containers: [{ ...container, imagePullPolicy: "Maybe" }] }), [
    'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
  ]);
});

test("ports", () => {
  const ports = [{ containerPort: 80, name: "web" }, { containerPort: 70000, name: "web", protocol: "tcp" }, {}];
  assert.deepEqual(complaints({ containers: [{ ...container, ports }] }), [
    'spec.containers[0].ports[1].name: Duplicate value: "web"',
    "spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    'spec.containers[0].ports[1].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"',
    "spec.containers[0].ports[2].containerPort: Required value",
  ]);
  const host = [{ containerPort: 80, hostPort: 80 }];
  assert.deepEqual(
    complaints({
      containers: [
        { ...container, ports: host },
        { ...container, name: "b", ports: host },
      ],
    }),
    ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
  );
});

test("environment", () => {
  const env = [
    { name: "" },
    { name: "a=b" },
    { name: "A", valueFrom: {} },
    { name: "B", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "C", valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } },
    { name: "D", valueFrom: { fieldRef: { fieldPath: "spec.color" } } },
    { name: "E", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1Mi" } } },
  ];
  assert.deepEqual(complaints({ containers: [{ ...container, env }] }), [
    "spec.containers[0].env[0].name: Required value",
    `spec.containers[0].env[1].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    'spec.containers[0].env[2].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    'spec.containers[0].env[3].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    'spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    'spec.containers[0].env[5].valueFrom.fieldRef.fieldPath: Invalid value: "spec.color": error converting fieldPath: field label not supported: spec.color',
    'spec.containers[0].env[6].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource',
  ]);
});

test("resources", () => {
  const resources = { requests: { cpu: "2", gold: "1" }, limits: { cpu: "1", "example.com/card": "1.5" } };
  assert.deepEqual(complaints({ containers: [{ ...container, resources }] }), [
    'spec.containers[0].resources.limits[example.com/card]: Invalid value: "1500m": must be an integer',
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    'spec.containers[0].resources.requests[example.com/card]: Invalid value: "1500m": must be an integer',
    'spec.containers[0].resources.requests[gold]: Invalid value: "gold": must be a standard resource type or fully qualified',
    'spec.containers[0].resources.requests[gold]: Invalid value: "gold": must be a standard resource for containers',
  ]);
});

test("volumes and mounts", () => {
  const volumes = [{ name: "v", hostPath: { path: "/a/../b" } }, { name: "w", emptyDir: {}, secret: { secretName: "s" } }, { name: "x" }];
  const volumeMounts = [
    { name: "x", mountPath: "/x" },
    { name: "nope", mountPath: "/x" },
  ];
  assert.deepEqual(complaints({ volumes, containers: [{ ...container, volumeMounts }] }), [
    `spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
    "spec.volumes[1].secret: Forbidden: may not specify more than 1 volume type",
    'spec.containers[0].volumeMounts[1].name: Not found: "nope"',
    'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
  ]);
});

test("probes, hooks and init containers", () => {
  const livenessProbe = { successThreshold: 2, exec: { command: ["x"] }, tcpSocket: { port: 1 } };
  const lifecycle = { preStop: {} };
  assert.deepEqual(complaints({ containers: [{ ...container, livenessProbe, lifecycle }] }), [
    "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type",
    "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
  ]);
  const readinessProbe = { httpGet: { port: 80 } };
  assert.deepEqual(complaints({ initContainers: [{ name: "a", image: "i", readinessProbe }] }), [
    'spec.initContainers[0].name: Duplicate value: "a"',
    "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
  ]);
});

test("pod-wide fields", () => {
  const securityContext = {
    sysctls: [
      { name: "foo-", value: "1" },
      { name: "kernel.shmmax", value: "1" },
    ],
  };
  assert.deepEqual(
    complaints({ securityContext, restartPolicy: "Sometimes", dnsPolicy: "None", activeDeadlineSeconds: 0, hostname: "a.b" }),
    [
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      'spec.securityContext.sysctls[0].name: Invalid value: "foo-": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
      "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
      'spec.hostname: Invalid value: "a.b": must not contain dots',
    ],
  );
  const tolerations = [{ value: "x" }, { key: "a", operator: "Exists", value: "x" }];
  assert.deepEqual(complaints({ tolerations }), [
    'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    "spec.tolerations[1].operator: Invalid value: \"x\": value must be empty when `operator` is 'Exists'",
  ]);
  const nodeSelectorTerms = [{ matchExpressions: [{ key: "a", operator: "In" }] }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  assert.deepEqual(complaints({ affinity }), [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ]);
});

test("few things may change", () => {
  const old = pod();
  assert.deepEqual(onUpdate(pod({ containers: [{ ...container, image: "i:2" }] }, old.metadata), old), [
    // The pull policy follows from the tag and stays the same here.
  ]);
  assert.deepEqual(onUpdate(pod({ activeDeadlineSeconds: 5 }), old), []);
  assert.deepEqual(onUpdate(pod({ tolerations: [{ key: "a", operator: "Exists" }] }), old), []);
  assert.deepEqual(onUpdate(pod({ containers: [container, { ...container, name: "b" }] }), old), [
    "spec.containers: Forbidden: pod updates may not add or remove containers",
  ]);
  const [text = "", ...rest] = onUpdate(pod({ nodeName: "n1" }), old);
  assert.equal(rest.length, 0);
  assert.ok(
    text.startsWith(
      "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n@@ ",
    ),
    text,
  );
  assert.ok(text.includes('\n+ "nodeName": "n1"'), text);
  assert.deepEqual(onUpdate(pod(), pod({ activeDeadlineSeconds: 5 })), [
    "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
  ]);
  assert.deepEqual(onUpdate(pod({ terminationGracePeriodSeconds: 1 }), pod({ terminationGracePeriodSeconds: -1 })), []);
});

test("gates may go, and until then the choice of nodes may be narrowed", () => {
  const gated = pod({ schedulingGates: [{ name: "a/b" }], nodeSelector: { a: "1" } });
  assert.deepEqual(onUpdate(pod({ nodeSelector: { a: "1", b: "2" } }), gated), []);
  assert.deepEqual(onUpdate(pod({ nodeSelector: { b: "2" } }), gated), [
    'spec.nodeSelector: Invalid value: {"b":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
  ]);
});

test("a status update keeps what has ended", () => {
  const ended = { name: "a", image: "i", imageID: "", ready: false, restartCount: 0, state: { terminated: { exitCode: 1 } } };
  const running = { ...ended, state: { running: {} } };
  const with_ = (s: typeof ended | typeof running, restartPolicy: string) =>
    make(Pod, { spec: { restartPolicy, containers: [container] }, status: { containerStatuses: [s] } });
  const run = (policy: string) => {
    const report = new Report();
    Pod.rules.validateStatusUpdate?.(with_(running, policy), with_(ended, policy), report);
    return texts(report);
  };
  assert.deepEqual(run("Always"), []);
  assert.deepEqual(run("OnFailure"), []);
  assert.deepEqual(run("Never"), ["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"]);
});

test("warnings", () => {
  const env = [
    { name: "A", value: "1" },
    { name: "A", value: "2" },
    { name: "A", value: "$(A)3" },
  ];
  const p = pod({ containers: [{ ...container, env }], volumes: [{ name: "g", gitRepo: { repository: "r" } }] }, { name: "a.b" });
  assert.deepEqual(Pod.rules.warnings?.(p, undefined), [
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
  ]);
});
