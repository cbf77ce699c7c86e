import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { containerResources, cpuQuota, cpuShares, podCgroup, podCgroupConfig, qosOf } from "#kubelet/resources.ts";

import { tiersOf } from "#kubelet/tiers.ts";

const GIB = 1024 ** 3;
const container = (requests?: Record<string, string>, limits?: Record<string, string>, more: Partial<Container> = {}): Container => ({
  name: "c",
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
  ...more,
});
const pod = (containers: Container[], initContainers: Container[] = []): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u" },
  spec: { containers, initContainers },
  status: {},
});
const both = { cpu: "500m", memory: "1Gi" };

test("classes of service and their groups", () => {
  assert.equal(qosOf(pod([container()])), "BestEffort");
  assert.equal(qosOf(pod([container(both, both)])), "Guaranteed");
  assert.equal(qosOf(pod([container(undefined, both)])), "Guaranteed");
  assert.equal(qosOf(pod([container(both, both), container()])), "Burstable");
  assert.equal(podCgroup("", pod([container(both, both)])), "/kubepods/podu");
  assert.equal(podCgroup("/cox", pod([container()])), "/cox/kubepods/besteffort/podu");
});
test("shares and quotas as upstream counts them", () => {
  assert.deepEqual([0, 1, 100, 1000, 1_000_000].map(cpuShares), [2, 2, 102, 1024, 262_144]);
  assert.deepEqual([1, 200, 1500].map(cpuQuota), [1000, 20_000, 150_000]);
});
test("a container's numbers", () => {
  const of = (p: Pod) => containerResources(p, p.spec.containers[0]!, 8 * GIB);
  assert.deepEqual(of(pod([container(both, both)])), {
    cpuShares: 512,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    memoryLimit: GIB,
    oomScoreAdj: -997,
    hugepages: [],
  });
  assert.equal(of(pod([container()])).oomScoreAdj, 1000);
  assert.equal(of(pod([container({ memory: "1Gi" })])).oomScoreAdj, 875);
  assert.equal(of(pod([container({ cpu: "1" })])).oomScoreAdj, 999);
  assert.equal(of(pod([container({ memory: "8Gi" })])).oomScoreAdj, 3);
});
test("a pod's group: limits only when all containers have them; init containers and sidecars counted", () => {
  assert.deepEqual(podCgroupConfig(pod([container()])), { cpuShares: 2 });
  assert.deepEqual(podCgroupConfig(pod([container(both, both), container(both)])), { cpuShares: 1024 });
  const side = container(both, both, { restartPolicy: "Always" });
  assert.deepEqual(podCgroupConfig(pod([container(both, both)], [side, container({ cpu: "2" }, { cpu: "2", memory: "1Gi" })]), 100), {
    cpuShares: 2560,
    cpuQuota: 250_000,
    cpuPeriod: 100_000,
    memoryLimit: 2 * GIB,
    pidsLimit: 100,
  });
});
test("the tiers above: burstable weighs what its pods request, best effort next to nothing", () => {
  const tiers = tiersOf("/cox", [pod([container(both)]), pod([container(both, both)]), pod([container()])], { cpus: 2, memoryBytes: GIB });
  assert.deepEqual(tiers, [
    ["/cox/kubepods", { cpuShares: 2048, memoryLimit: GIB }],
    ["/cox/kubepods/burstable", { cpuShares: 512 }],
    ["/cox/kubepods/besteffort", { cpuShares: 2 }],
  ]);
});
