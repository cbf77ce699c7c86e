/** Faults of the disk below a cluster's store, each alone: what is refused, what is lost, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, type ClusterOptions, createCluster } from "coxswain";

const name = { apiVersion: "v1", kind: "ConfigMap" } as const;
const draft = (n: string) => ({ ...name, metadata: { name: n, namespace: "default" }, data: { is: n } });
const made = async (t: { after(run: () => Promise<void>): void }, options: ClusterOptions): Promise<Cluster> => {
  const cluster = await createCluster({ nodes: 1, store: "disk", faults: [], invariants: "all", ...options });
  t.after(() => cluster.close());
  return cluster;
};

test("a full disk refuses what puts in etcd's words, and takes it again when there is room", async t => {
  const cluster = await made(t, {});
  await cluster.client.create(draft("before"));
  cluster.faults.add([{ fault: "disk", is: "full", for: "2m" }]);
  await cluster.clock.advance("30s");
  await assert.rejects(cluster.client.create(draft("during")), /mvcc: database space exceeded/);
  assert.equal((await cluster.client.get(name, "before", "default")).data?.is, "before");
  await cluster.client.delete(name, "before", { namespace: "default" });
  await cluster.clock.advance("3m");
  await cluster.client.create(draft("during"));
  await cluster.settled();
});

test("a slow disk delays every write, and nothing else", async t => {
  const cluster = await made(t, {});
  cluster.faults.add([{ fault: "disk", is: "slow", by: "2s", for: "10m" }]);
  await cluster.clock.advance("1s");
  const before = cluster.clock.now();
  let at = 0;
  const created = cluster.client.create(draft("slow")).then(() => {
    at = cluster.clock.now();
  });
  await cluster.clock.advance("1m");
  await created;
  assert(at > before, "it took its time");
  await cluster.clock.advance("10m");
  await cluster.settled();
});

for (const is of ["failing", "powerless"] as const)
  test(`a disk that is ${is} takes the control plane with it; what was acknowledged is there when it is back`, async t => {
    const cluster = await made(t, {});
    const acknowledged: string[] = [];
    cluster.faults.add([{ at: "1s", fault: "disk", is, call: 5, for: "5m" }]);
    await cluster.clock.advance("1s");
    for (let i = 0; i < 20; i++) {
      const done = await cluster.client.create(draft(`map-${i}`)).catch((error: Error) => error);
      if (!(done instanceof Error)) acknowledged.push(`map-${i}`);
    }
    assert(acknowledged.length < 20 && !cluster.controlPlane.runs(), "the control plane is gone");
    await cluster.clock.advance("6m");
    assert(cluster.controlPlane.runs(), "and is back");
    for (const n of acknowledged) assert.equal((await cluster.client.get(name, n, "default")).data?.is, n);
    await cluster.client.create(draft("after"));
    await cluster.settled();
  });

test("a cluster without a disk has none that could fail; a snapshot of one with a disk goes on anywhere", async t => {
  const cluster = await made(t, {});
  await cluster.client.create(draft("kept"));
  const from = await cluster.snapshot();
  for (const store of ["disk", "memory"] as const) {
    const other = await made(t, { from, store });
    assert.equal((await other.client.get(name, "kept", "default")).data?.is, "kept");
  }
  const plain = await createCluster({ nodes: 0, faults: [] });
  t.after(() => plain.close());
  assert.throws(() => plain.faults.add([{ fault: "disk", is: "full" }]), /^Error: faults\[0\]: the cluster's store has no disk/);
});

test("the same seed gives the same history, byte for byte, on a disk that fails as well", async t => {
  const histories: string[] = [];
  for (let i = 0; i < 2; i++) {
    const cluster = await made(t, {
      seed: 3,
      faults: [
        { at: "1m", fault: "disk", is: "slow", for: "5m" },
        { at: "2m", fault: "disk", is: "powerless", call: 30, for: "1m" },
      ],
    });
    await cluster.clock.advance("10m");
    await cluster.settled();
    histories.push(JSON.stringify(cluster.history()));
  }
  assert.equal(histories[0], histories[1]);
});
