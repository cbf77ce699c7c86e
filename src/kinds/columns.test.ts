import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import { kinds } from "#kinds/all.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import { Endpoints } from "#kinds/core/v1/endpoints.ts";
import { Event } from "#kinds/core/v1/event.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Service } from "#kinds/core/v1/service.ts";
import { EndpointSlice } from "#kinds/discovery/v1/endpointslice.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import { ClusterRoleBinding } from "#kinds/rbac/v1/clusterrolebinding.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const META = { name: "x", namespace: "default", creationTimestamp: "2026-03-01T11:55:00Z" };
function row(kind: Kind, object: object): unknown[] {
  const whole = { apiVersion: "v1", kind: kind.kind, metadata: META, ...object } as KubeObject;
  return kind.columns.map(c => c.cell(whole, NOW));
}

test("services", () => {
  const status = { loadBalancer: {} };
  const ports = [
    { port: 80, protocol: "TCP", nodePort: 30080 },
    { port: 53, protocol: "UDP" },
  ];
  assert.deepEqual(row(Service, { spec: { type: "NodePort", clusterIPs: ["10.0.0.1"], ports, selector: { b: "2", a: "1" } }, status }), [
    "x",
    "NodePort",
    "10.0.0.1",
    "<none>",
    "80:30080/TCP,53/UDP",
    "5m",
    "a=1,b=2",
  ]);
  assert.deepEqual(row(Service, { spec: { type: "ExternalName", externalName: "example.com" }, status }), [
    "x",
    "ExternalName",
    "<none>",
    "example.com",
    "<none>",
    "5m",
    "<none>",
  ]);
  assert.equal(row(Service, { spec: { type: "LoadBalancer" }, status })[3], "<pending>");
});

test("nodes", () => {
  const metadata = { ...META, labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "" } };
  const status = { conditions: [{ type: "Ready", status: "True" }], addresses: [{ type: "InternalIP", address: "10.1.0.2" }] };
  const nodeInfo = { kubeletVersion: "v1.36.0", osImage: "Debian", kernelVersion: "6.1" };
  assert.deepEqual(row(Node, { metadata, spec: { unschedulable: true }, status: { ...status, nodeInfo } }), [
    "x",
    "Ready,SchedulingDisabled",
    "control-plane,worker",
    "5m",
    "v1.36.0",
    "10.1.0.2",
    "<none>",
    "Debian",
    "6.1",
    "<unknown>",
  ]);
});

test("endpoints show three addresses and count the rest", () => {
  const addresses = ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"].map(ip => ({ ip }));
  assert.equal(row(Endpoints, { subsets: [{ addresses, ports: [{ port: 80 }] }] })[1], "1.1.1.1:80,1.1.1.2:80,1.1.1.3:80 + 1 more...");
  assert.equal(row(Endpoints, {})[1], "<none>");
  assert.equal(row(Endpoints, { subsets: [{ addresses: [{ ip: "fd00::1" }], ports: [{ port: 80 }] }] })[1], "[fd00::1]:80");
  const slice = { addressType: "IPv4", ports: [{ port: 80 }, { name: "b" }, {}], endpoints: [{ addresses: ["1.1.1.1"] }] };
  assert.deepEqual(row(EndpointSlice, slice), ["x", "IPv4", "80,b,*", "1.1.1.1", "5m"]);
  assert.deepEqual(row(EndpointSlice, { addressType: "IPv4", ports: null, endpoints: null }).slice(2, 4), ["<unset>", "<unset>"]);
});

test("deployments, config maps, bindings, events", () => {
  const template = { spec: { containers: [{ name: "a", image: "i:1" }] } };
  const selector = { matchLabels: { app: "x" }, matchExpressions: [{ key: "t", operator: "In", values: ["2", "1"] }] };
  const status = { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 };
  assert.deepEqual(row(Deployment, { spec: { replicas: 3, template, selector }, status }), [
    "x",
    "1/3",
    2,
    1,
    "5m",
    "a",
    "i:1",
    "app=x,t in (1,2)",
  ]);
  assert.deepEqual(row(ConfigMap, { data: { a: "" }, binaryData: { b: "" } }), ["x", 2, "5m"]);
  const subjects = [
    { kind: "User", name: "ann" },
    { kind: "ServiceAccount", namespace: "n", name: "sa" },
  ];
  assert.deepEqual(row(ClusterRoleBinding, { roleRef: { kind: "ClusterRole", name: "view" }, subjects }), [
    "x",
    "ClusterRole/view",
    "5m",
    "ann",
    "",
    "n/sa",
  ]);
  const event = {
    involvedObject: { kind: "Pod", name: "p" },
    source: {},
    eventTime: "2026-03-01T11:59:00.000000Z",
    message: " hi ",
    type: "Normal",
  };
  assert.deepEqual(row(Event, { ...event, reason: "R", reportingComponent: "c", reportingInstance: "i" }), [
    "60s",
    "Normal",
    "R",
    "pod/p",
    "",
    "c, i",
    "hi",
    "60s",
    1,
    "x",
  ]);
});

const table = `${process.env.COXSWAIN_SHARED ?? "../shared"}/data/table-columns/table-columns.tsv`;
test("columns carry upstream's names and types, in upstream's order", { skip: existsSync(table) ? false : "no table-columns.tsv" }, () => {
  const lines = readFileSync(table, "utf8").split("\n");
  const upstream = new Map(lines.map(l => l.split("\t") as [string, string]).map(([k, c]) => [k.replace("(core/v1)", ""), c]));
  for (const k of kinds.filter(x => x.columns.length > 0 && upstream.has(x.kind))) {
    const ours = k.columns.map(
      c => `${c.name}:${c.type}${k.kind === "Event" && c.format ? `(format ${c.format})` : ""}${c.wide ? "*" : ""}`,
    );
    assert.equal(ours.join(" "), upstream.get(k.kind), k.kind);
  }
});
