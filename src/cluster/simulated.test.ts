import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { seededChance } from "#base/chance.ts";
import { silentLog } from "#base/log.ts";
import { run } from "#client/testing.ts";
import { component, createControlPlane } from "#cluster/controlplane.ts";
import { simulatedNames, startSimulated } from "#cluster/simulated.ts";
import { hostCrypto } from "#host/crypto.ts";
import { Deployment } from "#kinds/apps/v1/deployment.ts";
import { Node } from "#kinds/core/v1/node.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import type { Draft } from "#schema/notation.ts";
import { virtualClock } from "#sim/clock.ts";
import { noStreams } from "#sim/machine.ts";
import { memoryStore } from "#store/memory.ts";

/** A whole cluster in memory and virtual time. */
async function cluster(nodes: number) {
  const clock = virtualClock();
  const parts = { clock, chance: seededChance(1), log: silentLog };
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256", privateKeyEncoding: { type: "pkcs8", format: "pem" } });
  const options = { nodes, nodeName: "solo", clusterDomain: "cluster.local", serviceCidr: "10.96.0.0/16" };
  let kubeletOf: (name: string) => ReturnType<ReturnType<typeof startSimulated>["kubeletOf"]> = () => undefined;
  const plane = await createControlPlane({
    ...parts,
    ...options,
    store: memoryStore({ clock }),
    signer: hostCrypto.signer(privateKey as unknown as string),
    clusterCidr: "10.244.0.0/16",
    rootCa: "PEM",
    address: "192.0.2.1",
    port: 6443,
    platform: "linux/amd64",
    connect: {
      kubeletOf: name => {
        const handle = kubeletOf(name);
        assert.ok(handle, `a kubelet for ${name}`);
        return request => handle({ ...request, identity: component("kube-apiserver", "system:masters") });
      },
      addressOf: () => assert.fail("nothing is dialled"),
    },
  });
  const soon = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    for (let i = 0; i < 200 && !over; i++) await run(clock, 100);
    return done;
  };
  await soon(plane.start());
  const clientFor = (name: string) => plane.clientAs(component(`node:${name}`, "system:nodes"), "kubelet");
  const simulated = startSimulated({ ...parts, plane, clientFor, options, streams: () => noStreams });
  ({ kubeletOf } = simulated);
  const client = plane.clientAs(component("test", "system:masters"), "test");
  await soon(simulated.ready);
  return {
    client,
    simulated,
    plane,
    run: (ms: number) => run(clock, ms),
    stop: async () => {
      await soon(simulated.stop());
      await soon(plane.stop());
    },
  };
}
const at = { namespace: "default" };
function web(replicas: number): Draft<Deployment> {
  const labels = { app: "web" };
  const probe = { httpGet: { path: "/", port: 80 }, periodSeconds: 1 };
  return {
    metadata: { name: "web", ...at },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          initContainers: [{ name: "before", image: "init:1" }],
          containers: [{ name: "app", image: "web:1", readinessProbe: probe, livenessProbe: probe }],
          securityContext: { runAsNonRoot: true },
        },
      },
    },
  };
}

test("a deployment becomes available on two simulated nodes, is scaled and deleted, with addresses and logs", async t => {
  const c = await cluster(2);
  t.after(c.stop);
  const nodes = (await c.client.list(Node)).items;
  assert.deepEqual(
    nodes.map(n => n.metadata.name),
    ["node-1", "node-2"],
  );
  assert.deepEqual(
    nodes.map(n => n.status.addresses?.[0]?.address),
    ["198.18.0.1", "198.18.0.2"],
  );
  await c.client.create(Deployment, web(3), at);
  await c.run(10_000);
  const { status } = await c.client.get(Deployment, "web", "default");
  assert.equal(status.availableReplicas, 3);
  const pods = (await c.client.list(Pod, at)).items;
  for (const pod of pods) {
    const range = nodes.find(n => n.metadata.name === pod.spec.nodeName)?.spec.podCIDR ?? "none";
    assert.ok(pod.status.podIP?.startsWith(range.replace(/0\/24$/, "")), `${pod.status.podIP} is of ${range}`);
  }
  assert.equal(new Set(pods.map(p => p.status.podIP)).size, 3);
  assert.equal(new Set(pods.map(p => p.spec.nodeName)).size, 2);

  const name = pods[0]?.metadata.name ?? "";
  const answer = await c.client.transport({ method: "GET", url: `/api/v1/namespaces/default/pods/${name}/log?container=app`, headers: {} });
  assert.equal(answer.status, 200);
  let said = "";
  for await (const part of answer.body as AsyncIterable<Uint8Array>) said += Buffer.from(part).toString();
  assert.equal(said, `container app of pod default/${name} is simulated: web:1 does not really run\n`);

  await c.client.patch(Deployment, "web", "merge", { spec: { replicas: 1 } }, at);
  await c.run(10_000);
  assert.equal((await c.client.list(Pod, at)).items.length, 1);
  await c.client.delete(Deployment, "web", at);
  await c.run(10_000);
  assert.equal((await c.client.list(Pod, at)).items.length, 0);
});

test("a pod that is to run to its end does; names of one and of many nodes", async t => {
  const c = await cluster(1);
  t.after(c.stop);
  const pod: Draft<Pod> = {
    metadata: { name: "once", ...at },
    spec: { restartPolicy: "Never", containers: [{ name: "app", image: "job:1" }] },
  };
  await c.client.create(Pod, pod, at);
  await c.run(5000);
  const { spec, status } = await c.client.get(Pod, "once", "default");
  assert.equal(spec.nodeName, "solo");
  assert.equal(status.phase, "Succeeded");
  assert.equal(c.simulated.kubeletOf("other"), undefined);
  assert.deepEqual(simulatedNames({ nodes: 3, nodeName: "solo" }), ["node-1", "node-2", "node-3"]);
});
