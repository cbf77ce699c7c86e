import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import { commandOf, environment, expand, type Lookup } from "#kubelet/env.ts";
import { resourceText } from "#kubelet/fields.ts";

const place = { podIps: ["10.0.0.1", "fd00::1"], hostIps: ["192.0.2.1"], allocatable: { cpu: "4", memory: "1Gi" } };
const service = (
  namespace: string,
  name: string,
  clusterIP: string,
  ports: { name?: string; port: number; protocol: string }[],
): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace, name },
  spec: { clusterIP, ports: ports.map(p => ({ ...p, targetPort: p.port })) },
  status: { loadBalancer: {} },
});
const lookup: Lookup = {
  configMap: (_, name) =>
    name === "cm" ? { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { one: "1", two: "2" } } : undefined,
  secret: (_, name) => (name === "s" ? { apiVersion: "v1", kind: "Secret", metadata: { name }, data: { pass: btoa("word") } } : undefined),
  services: () => [
    service("default", "kubernetes", "10.96.0.1", [{ name: "https", port: 443, protocol: "TCP" }]),
    service("ns", "my-web", "10.96.0.2", [{ port: 8765, protocol: "TCP" }]),
    service("ns", "headless", "None", [{ port: 1, protocol: "TCP" }]),
    service("other", "far", "10.96.0.3", [{ port: 1, protocol: "TCP" }]),
  ],
};
const pod = (spec: Partial<Pod["spec"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", labels: { a: "b" }, annotations: { "x/y": "z" } },
  spec: { containers: [], nodeName: "n1", ...spec },
  status: {},
});
const container = (more: Partial<Container>): Container => ({ name: "c", resources: {}, ...more });
const env = (c: Partial<Container>, p = pod({ enableServiceLinks: false })) =>
  Object.fromEntries(environment(p, container(c), lookup, place).map(e => [e.name, e.value]));

test("expansion: known, unknown, escaped and unfinished references", () => {
  const value = (n: string) => ({ A: "1", B: "$(A)" })[n];
  assert.equal(expand("$(A)-$(B)-$(C)-$$(A)-$A-$(", value), "1-$(A)-$(C)-$(A)-$A-$(");
});
test("services of the namespace and of the API, in both forms", () => {
  const all = env({}, pod());
  assert.equal(all.KUBERNETES_SERVICE_HOST, "10.96.0.1");
  assert.equal(all.KUBERNETES_SERVICE_PORT_HTTPS, "443");
  assert.equal(all.MY_WEB_SERVICE_HOST, "10.96.0.2");
  assert.equal(all.MY_WEB_PORT, "tcp://10.96.0.2:8765");
  assert.equal(all.MY_WEB_PORT_8765_TCP_PROTO, "tcp");
  assert.equal(all.MY_WEB_PORT_8765_TCP_ADDR, "10.96.0.2");
  assert.ok(!("HEADLESS_SERVICE_HOST" in all) && !("FAR_SERVICE_HOST" in all));
  assert.ok(!("MY_WEB_PORT" in env({})) && "KUBERNETES_PORT" in env({}));
});
test("env and envFrom: prefixes, order, expansion, all kinds of sources", () => {
  const out = env({
    envFrom: [
      { prefix: "P_", configMapRef: { name: "cm" } },
      { secretRef: { name: "s" } },
      { configMapRef: { name: "none", optional: true } },
    ],
    env: [
      { name: "X", value: "$(P_one)$(pass)" },
      { name: "P_two", value: "own" },
      { name: "K", valueFrom: { secretKeyRef: { name: "s", key: "pass" } } },
      { name: "O", valueFrom: { configMapKeyRef: { name: "cm", key: "none", optional: true } } },
      { name: "L", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
      { name: "N", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['x/y']" } } },
      { name: "I", valueFrom: { fieldRef: { fieldPath: "status.podIPs" } } },
      { name: "H", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
    ],
  });
  const { P_one, pass, X, P_two, K, O, L, N, I, H } = out;
  assert.deepEqual(
    [P_one, pass, X, P_two, K, O, L, N, I, H],
    ["1", "word", "1word", "own", "word", undefined, "b", "z", "10.0.0.1,fd00::1", "192.0.2.1"],
  );
});
test("what is missing and not optional is named", () => {
  const ref = (valueFrom: NonNullable<NonNullable<Container["env"]>[number]["valueFrom"]>) => () =>
    env({ env: [{ name: "A", valueFrom }] });
  assert.throws(ref({ configMapKeyRef: { name: "none", key: "k" } }), { message: 'configmap "none" not found' });
  assert.throws(ref({ secretKeyRef: { name: "s", key: "k" } }), { message: "couldn't find key k in Secret ns/s" });
  assert.throws(() => env({ envFrom: [{ secretRef: { name: "none" } }] }), { message: 'secret "none" not found' });
});
test("amounts by divisor, rounded up; a missing limit is the node's", () => {
  const c = container({ resources: { limits: { cpu: "1500m" }, requests: { memory: "100Mi" } } });
  const amount = (resource: string, divisor?: string) => resourceText(pod(), c, { resource, ...(divisor && { divisor }) }, place);
  assert.equal(amount("limits.cpu"), "2");
  assert.equal(amount("limits.cpu", "1m"), "1500");
  assert.equal(amount("requests.memory", "1Mi"), "100");
  assert.equal(amount("limits.memory"), String(1024 ** 3));
});
test("command and arguments are expanded", () => {
  const c = container({ command: ["run", "$(A)"], args: ["$(B)"] });
  assert.deepEqual(commandOf(c, [{ name: "A", value: "1" }]), { command: ["run", "1"], args: ["$(B)"] });
});
