import assert from "node:assert/strict";
import test from "node:test";
import { Report } from "#base/fielderror.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { Lease } from "#kinds/coordination/v1/lease.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Namespace } from "#kinds/core/v1/namespace.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import { Event as NewEvent } from "#kinds/events/v1/event.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { PriorityClass } from "#kinds/scheduling/v1/priorityclass.ts";
import { make } from "#schema/make.ts";
import type { Draft } from "#schema/notation.ts";

const texts = (report: Report) => report.errors.map(e => `${e.field}: ${e.body}`);
function of<T extends KubeObject>(kind: Kind<T>, draft: Draft<T>, old?: Draft<T>): string[] {
  const report = new Report();
  const object = make(kind, draft);
  kind.rules.validate?.(object, report);
  if (old) kind.rules.validateUpdate?.(object, make(kind, old), report);
  else kind.rules.validateCreate?.(object, report);
  return texts(report);
}

test("services", () => {
  assert.deepEqual(of(Service, { spec: {} }), ["spec.ports: Required value"]);
  assert.deepEqual(of(Service, { spec: { clusterIP: "None", clusterIPs: ["None"] } }), []);
  assert.deepEqual(of(Service, { spec: { ports: [{ port: 80 }, { name: "b", port: 80, nodePort: 30000 }] } }), [
    "spec.ports[0].name: Required value",
    "spec.ports[1].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
  ]);
  assert.deepEqual(of(Service, { spec: { type: "ExternalName" } }), ["spec.externalName: Required value"]);
  assert.deepEqual(of(Service, { spec: { type: "Free", ports: [{ port: 80 }] } }), [
    'spec.type: Unsupported value: "Free": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ]);
  assert.deepEqual(of(Service, { spec: { ports: [{ port: 80 }], externalIPs: ["127.0.0.1"] } }), [
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ]);
  const was = { spec: { ports: [{ port: 80 }], clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"] } };
  assert.deepEqual(of(Service, { spec: { ports: [{ port: 80 }], clusterIP: "10.0.0.2", clusterIPs: ["10.0.0.2"] } }, was), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
  ]);
  assert.match(Service.rules.nameProblem?.("1a") ?? "", /^a DNS-1035 label must consist of/);
});

test("deployments", () => {
  const template = { metadata: { labels: { app: "b" } }, spec: { containers: [{ name: "a", image: "i" }], restartPolicy: "Never" } };
  assert.deepEqual(of(Deployment, { spec: { selector: { matchLabels: { app: "a" } }, template } }), [
    'spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`',
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ]);
  const good = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "i" }] } };
  const selector = { matchLabels: { app: "a" } };
  assert.deepEqual(of(Deployment, { spec: { selector, template: good, replicas: -1 } }), [
    "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
  ]);
  assert.deepEqual(of(Deployment, { spec: { template: good } }), ["spec.selector: Required value"]);
  const rollingUpdate = { maxSurge: 0, maxUnavailable: 0 };
  assert.deepEqual(of(Deployment, { spec: { selector, template: good, strategy: { rollingUpdate } } }), [
    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  ]);
  const both = { metadata: { labels: { app: "a", t: "1" } }, spec: good.spec };
  assert.deepEqual(
    of(Deployment, { spec: { selector: { matchLabels: { t: "1" } }, template: both } }, { spec: { selector, template: both } }),
    ['spec.selector: Invalid value: {"matchLabels":{"t":"1"}}: field is immutable'],
  );
});

test("config maps and secrets", () => {
  assert.deepEqual(of(ConfigMap, { data: { "": "x", a: "" }, binaryData: { a: "" } }), [
    `data[]: Invalid value: "": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
    'data[a]: Invalid value: "a": duplicate of key present in binaryData',
  ]);
  assert.deepEqual(of(ConfigMap, { data: { a: "2" } }, { immutable: true, data: { a: "1" } }), [
    "immutable: Forbidden: field is immutable when `immutable` is set",
    "data: Forbidden: field is immutable when `immutable` is set",
  ]);
  assert.deepEqual(of(Secret, { type: "kubernetes.io/tls" }), ["data[tls.crt]: Required value", "data[tls.key]: Required value"]);
  assert.deepEqual(of(Secret, { type: "b" }, { type: "a" }), ['type: Invalid value: "b": field is immutable']);
});

test("nodes and namespaces", () => {
  const taints = [
    { key: "a", effect: "NoSchedule" },
    { key: "a", effect: "NoSchedule" },
  ];
  assert.deepEqual(of(Node, { spec: { taints } }), [
    'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
  ]);
  assert.deepEqual(of(Node, { spec: { podCIDR: "10.1.0.0/24" } }, { spec: { podCIDR: "10.0.0.0/24" } }), [
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
  ]);
  assert.deepEqual(of(Namespace, { spec: { finalizers: ["mine"] } }), [
    'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ]);
});

test("endpoints", () => {
  assert.deepEqual(of(Endpoints, { subsets: [{ addresses: [{ ip: "169.254.1.1" }], ports: [{ port: 0 }] }, {}] }), [
    'subsets[0].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
    "subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`",
  ]);
  assert.deepEqual(of(EndpointSlice, { addressType: "IPv4", endpoints: [{ addresses: [] }], ports: [{}, {}] }), [
    "endpoints[0].addresses: Required value: must contain at least 1 address",
    'ports[1].name: Duplicate value: ""',
  ]);
  assert.deepEqual(of(EndpointSlice, { addressType: "IP" }), [
    'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"',
  ]);
  assert.deepEqual(Endpoints.rules.warnings?.(make(Endpoints, {}), undefined), [
    "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  ]);
});

test("events", () => {
  const metadata = { namespace: "a" };
  assert.deepEqual(of(Event, { metadata, involvedObject: { namespace: "b" } }), [
    'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
  ]);
  assert.deepEqual(of(NewEvent, { metadata, regarding: { namespace: "a" }, deprecatedCount: 1, type: "Odd" }), [
    "eventTime: Required value",
    'type: Invalid value: "": has invalid value: Odd',
    'count: Invalid value: "": needs to be unset',
  ]);
});

test("leases and priority classes", () => {
  assert.deepEqual(of(Lease, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }), [
    "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
    "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
  ]);
  assert.deepEqual(of(PriorityClass, { metadata: { name: "x" }, value: 1000000001 }), [
    "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ]);
  assert.deepEqual(of(PriorityClass, { metadata: { name: "x" }, value: 2 }, { metadata: { name: "x" }, value: 1 }), [
    "value: Forbidden: may not be changed in an update.",
  ]);
});
